// Frees a sink after main, with many rows pushed over several connections: late URL TABLE static|thread_local|atexit|open. With "open"
// the sink is also closed only at the exit. The table: id bigint PRIMARY KEY.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;

static std::unique_ptr<vecsink::sink> of_static;
static thread_local std::unique_ptr<vecsink::sink> of_thread;
static vecsink::sink *of_atexit = nullptr;

int main(int argc, char **argv) {
    CHECK(argc == 4);
    const std::string how = argv[3];
    auto sink = std::make_unique<vecsink::sink>(vecsink::sink_builder(argv[1], argv[2]).option("connectionmaxactive", "4").open());
    std::vector<std::int64_t> ids(1000);
    for (std::int64_t first = 0; first < 300000; first += 1000) {
        std::iota(ids.begin(), ids.end(), first);
        vecsink::batch batch;
        batch.column("id", ids);
        sink->push_batch(batch);
    }
    if (how != "open") CHECK(sink->close(5min).rows_written == 300000);
    else sink->flush();
    if (how == "thread_local") {
        of_thread = std::move(sink);
    } else if (how == "atexit") {
        of_atexit = sink.release();
        CHECK(std::atexit([] { delete of_atexit; }) == 0);
    } else {
        of_static = std::move(sink);
    }
}
