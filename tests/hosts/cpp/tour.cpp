// Everything that C++ programs can do with a sink, with a real server: tour URL TABLE. The table: id bigint PRIMARY KEY, small smallint,
// ok boolean, ratio real, score float8, price numeric(30,2), name text, raw bytea, seen timestamptz, made timestamp, day date,
// at time, tags text[], v vector(3).
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

#include "check.hpp"

using namespace std::chrono_literals;
using std::nullopt;

namespace {

const std::array<float, 3> vector{0.5F, -1, 2};

// Rows of values of many types.
void rows(vecsink::sink &sink) {
    const std::chrono::system_clock::time_point noon(12h + 1ms);
    const std::vector<vecsink_value> tags{vecsink::to_value("new"), vecsink::to_value(nullptr), vecsink::to_value("red")};
    const std::byte raw[2] = {std::byte{0}, std::byte{255}};
    CHECK(sink.push(1, std::int16_t{-5}, true, 0.25F, 1e-300, vecsink::decimal::of(1999, 2), "lamp €", raw, noon,
                    vecsink::timestamp{-1us}, vecsink::date{1}, vecsink::time_of_day{90min}, vecsink::array{tags}, vector) == 0);

    // Values of other types for the same columns; half precision; numbers above the range of int64_t.
    const std::string name = "second";
    const std::optional<std::string> text = name;
    const std::vector<std::uint16_t> half{0x3c00, 0xc000, 0x3555};
    CHECK(sink.push(2L, nullopt, std::optional<bool>(), nullptr, 2, ~std::uint64_t{0}, text, std::vector<std::uint8_t>{1, 2},
                    nullptr, nullptr, nullptr, nullptr, std::string_view("{a,b}"), vecsink::halves{half}) == 1);
    const std::vector<double> doubles{1, 2, 3};
#if __cplusplus >= 202002L
    using namespace std::chrono;
    CHECK(sink.push(3, nullptr, nullptr, nullptr, nullptr, nullptr, u8"dritte", nullptr, sys_seconds(1s), local_seconds(1s),
                    2000y / February / 29, hh_mm_ss(1s), nullptr, std::span(doubles)) == 2);
#else
    CHECK(sink.push(3, nullptr, nullptr, nullptr, nullptr, nullptr, u8"dritte", nullptr,
                    std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>(1s), vecsink::timestamp{1s},
                    vecsink::date{11016}, vecsink::time_of_day{1s}, nullptr, vecsink::span(doubles)) == 2);
#endif

    // A push with the host's own sequence number, with a time-out, and without waiting.
    const auto push = [&](auto... sequence_or_time) {
        return sink.push_at(sequence_or_time..., 4, nullptr, nullptr, nullptr, nullptr, nullptr, "fourth", nullptr, nullptr, nullptr,
                            nullptr, nullptr, nullptr, vector);
    };
    CHECK(push(std::uint64_t{10}) == 10);
    CHECK(THROWN(push(std::uint64_t{10})).code() == vecsink::errc::out_of_order);
}

// A row that is filled and pushed again and again, and deletes.
void filled_rows(vecsink::sink &sink) {
    vecsink::row row(sink);
    for (int id = 5; id < 9; ++id) {
        row.clear().set(0, id).set("name", "filled").set(std::string("v"), vector);
        const auto sequence = id % 2 == 0 ? sink.push_row_for(10s, row) : sink.push_row(row);
        CHECK(sequence == std::optional<std::uint64_t>(id + 6));
    }
    CHECK(THROWN(row.set("none", 1)).code() == vecsink::errc::invalid_argument);
    CHECK(THROWN(row.set(14, 1)).code() == vecsink::errc::invalid_argument);
    CHECK(sink.erase(5) == 15 && sink.try_erase(6).value() == 16 && sink.erase_for(10s, 7).value() == 17);
    CHECK(sink.erase_at(20, 8) == 20);
    CHECK(THROWN(sink.erase(1, 2)).code() == vecsink::errc::shape);
}

// Many threads push into one sink.
void threads(vecsink::sink &sink) {
    const auto null = nullptr;
    std::atomic<int> refused{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker) {
        workers.emplace_back([&, worker] {
            for (int row = 0; row < 250; ++row) {
                const int id = 1000 + worker * 250 + row;
                if (!sink.push_for(30s, id, null, null, null, null, null, "many", null, null, null, null, null, null, vector)) ++refused;
            }
        });
    }
    for (auto &worker : workers) worker.join();
    CHECK(refused == 0);
    if (!sink.try_push(2000, null, null, null, null, null, "last", null, null, null, null, null, null, vector)) CHECK(false);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    std::atomic<std::uint64_t> told{0};
    vecsink::sink sink = vecsink::sink_builder(argv[1], argv[2])
                             .columns({"id", "small", "ok", "ratio", "score", "price", "name", "raw", "seen", "made", "day", "at",
                                       "tags", "v"})
                             .option("conflictmode", "upsert")
                             .stream("cpp tour")
                             .deletes()
                             .linger(1ms)
                             .buffer_memory(4 << 20)
                             .max_outage(1min)
                             .on_durable([&](std::uint64_t durable) { told = durable; })
                             .open();
    CHECK(sink && sink.get() != nullptr);
    CHECK(sink.column_count() == 14 && sink.column_name(13) == "v" && sink.column_name(14).empty());
    CHECK(sink.column_index("raw") == std::optional<std::size_t>(7) && !sink.column_index("none"));
    CHECK(sink.key_count() == 1 && sink.key_name(0) == "id" && sink.resume_position() == 0);

    rows(sink);
    sink.wait_durable(1);
    CHECK(sink.durable() >= 2 && sink.wait_durable_for(0, 0s) && !sink.wait_durable_for(1'000'000, 1ms));
    filled_rows(sink);
    threads(sink);
    sink.flush();
    CHECK(sink.flush_for(0s));
    vecsink::stats stats = sink.stats();
    CHECK(stats.durable == stats.next && stats.next == 21 + 1001 && stats.connections > 0);
    stats = sink.close(1min);
    CHECK(stats.rows_read == stats.rows_written + stats.rows_deleted + stats.rows_superseded && told == stats.durable);

    // Opened again, the stream has its resume position.
    CHECK(vecsink::sink_builder(argv[1], argv[2]).stream("cpp tour").open().resume_position() == stats.durable);
}
