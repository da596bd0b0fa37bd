// Pushes that don't wait, or only for a short time, while the database takes no rows: room URL TABLE. When this program has printed
// "open", the test locks the table and then writes a line to this program. When it has printed "full", the test unlocks the table.
// The table: id bigint PRIMARY KEY, v vector(1000).
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink::sink sink = vecsink::sink_builder(argv[1], argv[2]).buffer_memory(1 << 20).open();
    std::cout << "open" << std::endl;
    std::string locked;
    std::getline(std::cin, locked);
    const std::vector<float> v(1000, 0.5F);
    int id = 0;
    while (sink.try_push(id, v)) ++id;
    CHECK(id > 100);
    CHECK(!sink.push_for(10ms, id, v));
    vecsink::row row(sink);
    row.set(0, id).set(1, v);
    CHECK(!sink.try_push_row(row) && !sink.push_row_for(10ms, row) && !sink.flush_for(10ms) && !sink.wait_durable_for(0, 10ms));

    // A batch. First there is no room for any of its rows, later for all of them. The result says how many were accepted.
    std::vector<int> ids;
    for (int more = 0; more < 1000; ++more) ids.push_back(id + more);
    const std::vector<float> matrix(ids.size() * v.size());
    vecsink::batch batch;
    batch.column("id", ids).matrix("v", matrix, v.size());
    const vecsink::pushed none = sink.try_push_batch(batch);
    CHECK(!none.complete && none.rows < ids.size());
    batch.remove_prefix(none.rows);
    std::cout << "full" << std::endl;

    std::size_t pushed = none.rows;
    while (batch.rows() > 0) {
        const vecsink::pushed some = sink.push_batch_for(20ms, batch);
        CHECK(some.complete == (some.rows == batch.rows()));
        batch.remove_prefix(some.rows);
        pushed += some.rows;
    }
    CHECK(pushed == ids.size());
    CHECK(sink.close(1min).rows_written == static_cast<std::uint64_t>(id) + ids.size());
}
