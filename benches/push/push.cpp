// Does the same as push.c, in C++: push matrix|rows URL SCHEMA.TABLE ROWS DIMS.
#include <cstdio>
#include <string_view>
#include <vector>

#include "push.h"
#include "vecsink.hpp"

int main(int argc, char **argv) try {
    if (argc != 6) return 2;
    const std::size_t rows = std::strtoull(argv[4], nullptr, 10), dims = std::strtoull(argv[5], nullptr, 10);
    std::vector<float> vectors(rows * dims);
    std::vector<std::int64_t> ids(rows);
    fill_vectors(vectors.data(), vectors.size());
    for (std::size_t row = 0; row < rows; ++row) ids[row] = static_cast<std::int64_t>(row);
    vecsink::sink sink = vecsink::sink_builder(argv[2], argv[3]).option("conflictmode", "ignore").open();
    const double began = wall_seconds(), cpu = cpu_seconds();
    if (std::string_view(argv[1]) == "matrix") {
        sink.push_batch(vecsink::batch().column("id", ids).matrix("feature", vectors, dims));
    } else {
        for (std::size_t row = 0; row < rows; ++row) sink.push(ids[row], vecsink::span(vectors.data() + row * dims, dims));
    }
    sink.flush();
    std::printf("{\"rows\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", rows, wall_seconds() - began, cpu_seconds() - cpu);
} catch (const vecsink::error &error) {
    std::fprintf(stderr, "%s: %s\n", vecsink::name(error.code()), error.what());
    return 1;
}
