// Jobs in the background: job URL TABLE BROKERS TOPIC. The table: id bigint PRIMARY KEY, embedding vector(3); the topic: csv.
#include <chrono>
#include <string>

#include "check.hpp"

using namespace std::chrono_literals;
using vecsink::errc;

int main(int argc, char **argv) {
    CHECK(argc == 5);
    const std::string url = argv[1], table = argv[2], brokers = argv[3], topic = argv[4];

    // A topic is written into a table, up to the topic's present end.
    vecsink::pipeline_builder attached = vecsink::pipeline_builder::attach(url, table);
    attached.column("id", "BIGINT").column("embedding", "STRING");
    attached.source_option("topic", topic).source_option("properties.bootstrap.servers", brokers).source_option("format", "csv");
    attached.source_option("csv.field-delimiter", "\t").source_option("scan.startup.mode", "earliest-offset");
    attached.source_option("scan.bounded.mode", "latest-offset").sink_option("conflictmode", "upsert");
    attached.name("attached " + topic).buffer_memory(8 << 20).max_outage(1min).fresh();
    vecsink::pipeline job = attached.start();
    job.wait();
    CHECK(job.wait_for(0s) && job.stats().rows_written == 500 && job.stats().lag == 0);
    vecsink::pipeline moved = std::move(job);
    CHECK(!job && moved.stop(1min).records_read == 500);

    // The same as SQL, and the job runs until it is stopped.
    const auto part = table.substr(table.find('.') + 1), schema = table.substr(0, table.find('.'));
    const std::string sql = "CREATE TABLE items (id BIGINT, embedding STRING) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = '${URL}', "
                            "'tablename' = '" + part + "', 'targetschema' = '" + schema + "', 'conflictmode' = 'ignore');"
                            "CREATE TABLE source (id BIGINT, embedding STRING) WITH ('connector' = 'kafka', "
                            "'properties.bootstrap.servers' = '${BROKERS}', 'topic' = '" + topic + "', 'format' = 'csv', "
                            "'csv.field-delimiter' = '\\t', 'scan.startup.mode' = 'earliest-offset');"
                            "INSERT INTO items SELECT * FROM source";
    vecsink::pipeline_builder builder = vecsink::pipeline_builder::from_sql(sql);
    builder.name("sql " + topic).variable("URL", url).variable("BROKERS", brokers).option("items", "conflictmode", "upsert");
    vecsink::pipeline endless = builder.start();
    CHECK(!endless.wait_for(1ms));
    // The table has the same rows already.
    for (const auto end = std::chrono::steady_clock::now() + 60s; endless.stats().rows_unchanged + endless.stats().rows_superseded < 500;) {
        CHECK(std::chrono::steady_clock::now() < end);
        CHECK(!endless.wait_for(10ms));
    }
    CHECK(endless.stop(1min).rows_read == 500);

    // All errors are reported at once, and nothing was opened.
    const vecsink::error wrong = THROWN(
        vecsink::pipeline_builder::from_sql("CREATE TABLE a (id BIGINT) WITH ('connector' = 'x'); INSERT INTO b SELECT 1 FROM c").start());
    CHECK(wrong.code() == errc::config && contains(wrong.message(), "line 1"));
}
