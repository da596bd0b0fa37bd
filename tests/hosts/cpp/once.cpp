// A stream that is pushed exactly once: once URL TABLE push, or once URL TABLE fence. The table: id bigint, name text CHECK
// (name <> 'refused'), without a key.
#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>

#include "check.hpp"

using namespace std::chrono_literals;
using vecsink::errc;

namespace {

constexpr std::uint64_t ROWS = 6000;

vecsink::sink open_stream(char **argv) {
    return vecsink::sink_builder(argv[1], argv[2])
        .stream("cars")
        .delivery_guarantee(vecsink::delivery_guarantee::exactly_once)
        .option("deadletter", "table:rejected")
        .open();
}

void push_all(vecsink::sink sink) {
    const std::uint64_t position = sink.resume_position();
    for (std::uint64_t number = position > 10 ? position - 10 : 0; number < ROWS; ++number) {
        CHECK(sink.push_at(number, static_cast<std::int64_t>(number), number % 100 == 7 ? "refused" : "fine") == number);
        if (number % 100 == 0) std::this_thread::sleep_for(10ms);
    }
    const vecsink::stats stats = sink.close(1min);
    CHECK(stats.durable == ROWS && stats.rows_repeated >= (position > 10 ? 10 : position));
    CHECK(stats.rows_read == stats.rows_written + stats.rows_dead_lettered);
}

void fence(char **argv) {
    vecsink::sink first = open_stream(argv);
    CHECK(THROWN(first.push(0, "none")).code() == errc::shape);
    first.push_at(0, 0, "first");
    first.wait_durable(0);
    vecsink::sink second = open_stream(argv);
    try {
        first.push_at(1, 1, "first");
    } catch (const vecsink::error &error) {
        // It has noticed already, when it stored its position.
        CHECK(error.code() == errc::fenced);
    }
    CHECK(THROWN(first.wait_durable(1)).code() == errc::fenced);
    CHECK(THROWN(first.push_at(2, 2, "first")).code() == errc::fenced);
    CHECK(THROWN(first.close(1min)).code() == errc::fenced);
    second.push_at(1, 1, "second");
    second.close(1min);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 4);
    if (std::string_view(argv[3]) == "fence") {
        fence(argv);
    } else {
        push_all(open_stream(argv));
    }
}
