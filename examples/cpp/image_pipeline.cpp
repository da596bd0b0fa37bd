// An image pipeline: worker threads make embeddings of images and push them, a matrix at a time, into PostgreSQL with pgvector.
//
//     image_pipeline 'postgresql://me:secret@db/shop' public.images
//
// The table: CREATE TABLE images (id bigint PRIMARY KEY, file text, taken timestamptz, embedding vector(128))
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <vecsink.hpp>

namespace {

constexpr std::size_t WORKERS = 4, IMAGES = 2000, BATCH = 100, DIMENSION = 128, SIDE = 16;

struct pixel {
    std::uint8_t red, green, blue;
};
using image = std::array<pixel, SIDE * SIDE>;

// Takes the place of an image file: a gradient between two colours, a little different for each image.
image load(std::size_t id) {
    std::minstd_rand random(static_cast<unsigned>(id + 1));
    const auto colour = [&] { return std::array<double, 3>{double(random() % 256), double(random() % 256), double(random() % 256)}; };
    const auto from = colour(), to = colour();
    image made{};
    for (std::size_t at = 0; at < made.size(); ++at) {
        const double part = double(at % SIDE + at / SIDE) / (2 * SIDE);
        const auto channel = [&](std::size_t which) { return static_cast<std::uint8_t>(from[which] + part * (to[which] - from[which])); };
        made[at] = {channel(0), channel(1), channel(2)};
    }
    return made;
}

// A histogram of colours (4 × 4 × 4) and one of brightness by place (8 × 8), together of length 1: 128 numbers.
void embed(const image &pixels, float *embedding) {
    std::fill_n(embedding, DIMENSION, 0.0F);
    for (std::size_t at = 0; at < pixels.size(); ++at) {
        const pixel &p = pixels[at];
        embedding[p.red / 64 * 16 + p.green / 64 * 4 + p.blue / 64] += 1;
        const std::size_t place = at / SIDE / 2 * 8 + at % SIDE / 2;
        embedding[64 + place] += static_cast<float>(p.red + p.green + p.blue) / (3 * 255);
    }
    float sum = 0;
    for (std::size_t i = 0; i < DIMENSION; ++i) sum += embedding[i] * embedding[i];
    for (std::size_t i = 0; i < DIMENSION; ++i) embedding[i] /= std::sqrt(sum);
}

// Embeds batch after batch until there is none left. When push_batch returns, it has read the batch, so the next batch uses
// the same memory.
void work(vecsink::sink &sink, std::atomic<std::size_t> &next_image) {
    std::vector<std::int64_t> ids;
    std::vector<std::string> files;
    std::vector<std::chrono::system_clock::time_point> taken;
    std::vector<float> embeddings(BATCH * DIMENSION);
    for (std::size_t first; (first = next_image.fetch_add(BATCH)) < IMAGES;) {
        ids.clear(), files.clear(), taken.clear();
        for (std::size_t row = 0; row < BATCH; ++row) {
            const std::size_t id = first + row;
            ids.push_back(static_cast<std::int64_t>(id));
            files.push_back("image-" + std::to_string(id) + ".png");
            taken.push_back(std::chrono::system_clock::now());
            embed(load(id), embeddings.data() + row * DIMENSION);
        }
        vecsink::batch batch;
        batch.column("id", ids).column("file", files).column("taken", taken).matrix("embedding", embeddings, DIMENSION);
        const vecsink::pushed pushed = sink.push_batch(batch);
        if (pushed.rejected > 0) std::cerr << pushed.rejected << " images of " << first << "… can't be stored\n";
    }
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 3) {
        std::cerr << "usage: image_pipeline postgresql://user:password@host/database schema.table\n";
        return 2;
    }
    vecsink::sink sink = vecsink::sink_builder(argv[1], argv[2])
                             .columns({"id", "file", "taken", "embedding"})
                             .on_rejected([](const vecsink::rejected &row) {
                                 std::cerr << "row " << row.sequence << " was rejected: " << row.reason << '\n';
                             })
                             .open();

    std::atomic<std::size_t> next_image{0};
    std::atomic<bool> failed{false};
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < WORKERS; ++worker) {
        workers.emplace_back([&] {
            try {
                work(sink, next_image);
            } catch (const std::exception &error) {
                std::cerr << error.what() << '\n';
                failed = true;
            }
        });
    }
    for (std::thread &worker : workers) worker.join();

    // A pushed row is not stored yet. All rows are durable when flush or close has returned.
    sink.flush();
    std::cout << sink.durable() << " images are durable\n";
    const vecsink::stats stats = sink.close(std::chrono::seconds(30));
    std::cout << stats.rows_written << " rows written in " << stats.batches << " transactions\n";
    return failed || stats.rows_dead_lettered > 0 ? 1 : 0;
} catch (const vecsink::error &error) {
    std::cerr << vecsink::name(error.code()) << ": " << error.what() << '\n';
    return 1;
}
