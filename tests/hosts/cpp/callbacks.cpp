// Functions that the library calls: callbacks URL TABLE. The table: id bigint PRIMARY KEY, part int CHECK (part < 100).
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;

namespace {

std::mutex lines_mutex;
std::vector<std::string> lines;

void told(const char *url, const char *table) {
    std::vector<std::uint64_t> durable;
    std::vector<std::string> refused;
    vecsink::sink sink = vecsink::sink_builder(url, table)
                             .option("exceptionmode", "ignore")
                             .on_durable([&](std::uint64_t below) { durable.push_back(below); })
                             .on_rejected([&](const vecsink::rejected &row) {
                                 refused.push_back(std::to_string(row.sequence) + " " + std::string(row.stage) + " " +
                                                   std::string(row.sqlstate));
                             })
                             .open();
    vecsink::sink moved = std::move(sink); // the callbacks keep their address
    for (int id = 0; id < 100; ++id) moved.push(id, id == 42 ? 4200 : id);
    const vecsink::stats stats = moved.close(1min);
    CHECK(stats.rows_written == 99 && stats.rows_dead_lettered == 1);
    CHECK(refused == std::vector<std::string>{"42 write 23514"});
    CHECK(!durable.empty() && durable.back() == 100);
}

void pushing_from_a_callback(const char *url, const char *table) {
    std::atomic<vecsink::sink *> own{nullptr};
    std::atomic<bool> pushed{false};
    std::atomic<bool> refused_to_close{false};
    vecsink::sink sink = vecsink::sink_builder(url, table)
                             .on_durable([&](std::uint64_t) {
                                 if (own == nullptr || pushed.exchange(true)) return;
                                 if (!own.load()->try_push(1001, 1)) std::abort();
                                 try {
                                     own.load()->close(1s);
                                 } catch (const vecsink::error &error) {
                                     refused_to_close = error.code() == vecsink::errc::in_callback;
                                 }
                             })
                             .open();
    own = &sink;
    sink.wait_durable(sink.push(1000, 1));
    sink.wait_durable(1);
    CHECK(sink.close(1min).rows_written == 2 && refused_to_close);
}

// An exception of a callback doesn't get into the library. close throws it, once.
void throwing(const char *url, const char *table) {
    vecsink::sink sink = vecsink::sink_builder(url, table)
                             .on_durable([](std::uint64_t) { throw std::runtime_error("from a callback"); })
                             .on_rejected([](const vecsink::rejected &) { throw 7; })
                             .open();
    sink.push(2000, 1);
    sink.flush();
    try {
        sink.close(1min);
        CHECK(false);
    } catch (const std::runtime_error &error) {
        CHECK(std::string(error.what()) == "from a callback");
    }
    CHECK(!sink.callback_exception());
    CHECK(sink.close(0s).rows_written == 1);
}

// A sink that is destroyed in a callback can't be closed there. The library closes it later, and the callbacks live until then.
void destroyed_in_a_callback(const char *url, const char *table) {
    std::mutex mutex;
    std::condition_variable changed;
    bool destroyed = false;
    std::optional<vecsink::sink> other;
    other.emplace(vecsink::sink_builder(url, table).on_durable([](std::uint64_t) {}).open());
    vecsink::sink sink = vecsink::sink_builder(url, table)
                             .on_durable([&](std::uint64_t) {
                                 const std::lock_guard lock(mutex);
                                 other.reset();
                                 destroyed = true;
                                 changed.notify_all();
                             })
                             .open();
    sink.push(3000, 1);
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, 1min, [&] { return destroyed; }));
    lock.unlock();
    sink.close(1min);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink::set_log(vecsink::log_level::debug, [](vecsink::log_level level, std::string_view line) {
        const std::lock_guard lock(lines_mutex);
        lines.emplace_back(line);
        if (level == vecsink::log_level::warn) throw std::runtime_error("nobody hears this");
    });
    told(argv[1], argv[2]);
    CHECK(!lines.empty());
    vecsink::set_log(vecsink::log_level::off, nullptr);
    const std::size_t before = lines.size();
    pushing_from_a_callback(argv[1], argv[2]);
    CHECK(lines.size() == before);
    throwing(argv[1], argv[2]);
    destroyed_in_a_callback(argv[1], argv[2]);
}
