// The exceptions and their texts: errors URL TABLE. The table: id smallint PRIMARY KEY, name varchar(5), v vector(2).
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;
using vecsink::errc;

namespace {

void opening(const std::string &url, const std::string &table) {
    const vecsink::error config = THROWN(vecsink::sink("nonsense", table));
    CHECK(config.code() == errc::config && config.get() != nullptr && config.sqlstate().empty() && !config.position());
    const vecsink::error both =
        THROWN(vecsink::sink_builder(url, table).option("conflictmode", "never").option("batchsizes", "3").open());
    CHECK(both.code() == errc::config && contains(both.message(), "conflictmode") && contains(both.message(), "batchsizes"));
    CHECK(!both.retryable() && !both.in_doubt() && both.accepted() == 0 && both.column().empty());
    const vecsink::error missing = THROWN(vecsink::sink(url, "public.there_is_no_such_table"));
    CHECK(missing.code() == errc::target && contains(missing.message(), "there_is_no_such_table"));
    CHECK(THROWN(vecsink::sink(url, std::string_view("a\0b", 3))).code() == errc::invalid_argument);
    CHECK(THROWN(vecsink::sink_builder(url, "\xff")).code() == errc::invalid_utf8);
    // No message contains a password.
    CHECK(!contains(THROWN(vecsink::sink("postgresql://me:hush@127.0.0.1:1/x", table)).message(), "hush"));
}

void rows(const std::string &url, const std::string &table) {
    vecsink::sink sink = vecsink::sink_builder(url, table).stream("cpp errors").option("exceptionmode", "strict").open();
    const std::vector<float> v{1, 2}, three{1, 2, 3};
    CHECK(THROWN(sink.push(1, "a")).code() == errc::shape);
    const vecsink::error refused = THROWN(sink.push(1, "a", three));
    CHECK(refused.code() == errc::rejected && refused.column() == "v" && !refused.retryable());
    // The codes are those of the C interface.
    CHECK(refused.code() == VECSINK_REJECTED && VECSINK_REJECTED == refused.code());
    CHECK(refused.code() != VECSINK_TARGET && VECSINK_TARGET != refused.code() && !(refused.code() != VECSINK_REJECTED));
    CHECK(THROWN(sink.push(100'000, "a", v)).column() == "id");
    CHECK(THROWN(sink.push(1, "\xff", v)).code() == errc::invalid_utf8);
    CHECK(THROWN(sink.push(1, std::string_view("a\0b", 3), v)).column() == "name");

    // A batch ends before the row that can't be stored, and the error says how many rows were accepted.
    const std::vector<int> ids{1, 2, 3, 400'000, 5};
    const std::vector<const char *> names{"a", "b", "c", "d", "e"};
    const std::vector<float> matrix(10);
    vecsink::batch batch;
    batch.column("id", ids).column("name", names).matrix("v", matrix, 2);
    const vecsink::error ended = THROWN(sink.push_batch(batch));
    CHECK(ended.code() == errc::rejected && ended.accepted() == 3 && ended.column() == "id");
    sink.flush();

    // A copy of the exception has the same text, also after the original is destroyed.
    const auto copy = [&] {
        const vecsink::error first = THROWN(sink.push(1, "a", three));
        return std::make_unique<vecsink::error>(first);
    }();
    CHECK(copy->code() == errc::rejected && copy->column() == "v" && copy->message() == refused.message());
    try {
        sink.push(1, "a", three);
        CHECK(false);
    } catch (const std::runtime_error &error) {
        CHECK(refused.message() == error.what());
    }

    // Another sink takes the stream over.
    vecsink::sink other = vecsink::sink_builder(url, table).stream("cpp errors").open();
    const vecsink::error fenced = THROWN((sink.push(6, "f", v), sink.close(1min)));
    CHECK(fenced.code() == errc::fenced || fenced.code() == errc::failed);
    other.close(1min);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    opening(argv[1], argv[2]);
    rows(argv[1], argv[2]);
}
