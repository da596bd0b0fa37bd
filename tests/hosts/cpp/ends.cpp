// Calls with a time-out while another session has locked the table, and a callback that outlives its sink: ends URL TABLE. When this
// program has printed "open", the test locks the table and then writes a line to this program. Each call is a line "FUNCTION took T of D
// late L: done", as of c/ends.c. The table: id bigint PRIMARY KEY, name text.
#include <atomic>
#include <chrono>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

std::atomic<long long> late_ms{0};

// Sleeps again and again. If a sleep takes longer than it should, that is the delay of the machine.
void measure() {
    for (;;) {
        const auto begun = clock_type::now();
        std::this_thread::sleep_for(20ms);
        const auto late = std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - begun - 20ms).count();
        if (late > 1) late_ms += late;
    }
}

template <class Call> void timed(const char *function, std::chrono::milliseconds deadline, Call call) {
    const auto begun = clock_type::now();
    const auto late = late_ms.load();
    call();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - begun);
    std::cout << function << " took " << took.count() << " of " << deadline.count() << " late " << late_ms.load() - late << ": done\n";
}

// The callback waits for a thread that closes and destroys its sink.
void outlives(const char *url, const char *table) {
    std::promise<void> destroyed, returned;
    auto called = std::make_shared<std::promise<void>>();
    {
        vecsink::sink_builder builder(url, table);
        builder.on_durable([&, called, once = std::make_shared<int>(7)](std::uint64_t) {
            called->set_value();
            destroyed.get_future().wait();
            CHECK(*once == 7 && called.use_count() > 1);
            returned.set_value();
        });
        vecsink::sink sink = builder.open();
        sink.push(1, "one");
        called->get_future().wait();
        sink.push(2, "two");
        timed("close", 500ms, [&] { sink.close(500ms); });
    }
    destroyed.set_value();
    returned.get_future().wait();
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    std::thread(measure).detach();
    outlives(argv[1], argv[2]);
    vecsink::sink sink = vecsink::sink_builder(argv[1], argv[2]).deletes().buffer_memory(1 << 20).open();
    vecsink::sink freed(argv[1], argv[2]);
    std::cout << "open" << std::endl;
    std::string line;
    CHECK(std::getline(std::cin, line));

    const std::string text(100000, 'x');
    while (sink.try_push(3, text)) {}
    freed.push(4, "four");
    const auto longest = 300ms;
    timed("push_for", longest, [&] { CHECK(!sink.push_for(longest, 3, text)); });
    const std::vector<vecsink_value> values = {vecsink_i64(3), vecsink_str(text.data(), text.size())};
    timed("push_values_for", longest, [&] { CHECK(!sink.push_values_for(longest, values)); });
    vecsink::row row(sink);
    row.set(0, 3).set(1, text);
    timed("push_row_for", longest, [&] { CHECK(!sink.push_row_for(longest, row)); });
    // Small rows may find room.
    timed("erase_for", longest, [&] { static_cast<void>(sink.erase_for(longest, 3)); });
    const std::vector<vecsink_value> key = {vecsink_i64(3)};
    timed("erase_values_for", longest, [&] { static_cast<void>(sink.erase_values_for(longest, key)); });
    const std::vector<std::int64_t> ids = {3};
    const std::vector<std::string> names = {text};
    vecsink::batch batch;
    batch.column("id", ids).column("name", names);
    timed("push_batch_for", longest, [&] { CHECK(!sink.push_batch_for(longest, batch).complete); });
    timed("flush_for", longest, [&] { CHECK(!sink.flush_for(longest)); });
    timed("wait_durable_for", longest, [&] { CHECK(!sink.wait_durable_for(0, longest)); });
    timed("close", longest, [&] { CHECK(THROWN(sink.close(longest)).code() == vecsink::errc::not_durable); });
    timed("~sink", 0ms, [&] { sink = vecsink::sink(); });
    timed("~sink", 5s, [&] { freed = vecsink::sink(); });
}
