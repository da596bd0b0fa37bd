// Every kind of column of a batch: batches URL TABLE. The table: id bigint PRIMARY KEY, flag boolean, a int, b text, c numeric,
// at timestamptz, made timestamp, day date, clock time, raw bytea, v vector(2), w float8[].
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;

namespace {

constexpr std::size_t ROWS = 100;

// The memory of a batch's columns. It must live as long as the batch.
struct memory {
    std::vector<std::int64_t> ids;
    std::array<bool, ROWS> flags{};
    std::vector<std::int32_t> a;
    std::vector<std::string> b;
    std::vector<std::optional<double>> c;
    std::vector<std::chrono::system_clock::time_point> at;
    std::vector<std::int64_t> made;
    std::vector<std::int32_t> days;
    std::vector<std::int64_t> clock;
    std::vector<std::byte> raw;
    std::vector<std::int64_t> raw_offsets{0};
    std::vector<float> v;
    std::vector<double> w;
    std::vector<std::int32_t> w_offsets{0};
    std::vector<bool> has_a;

    explicit memory(std::int64_t first) {
        for (std::size_t row = 0; row < ROWS; ++row) {
            const auto number = static_cast<std::int32_t>(row);
            ids.push_back(first + number);
            flags[row] = row % 3 == 0;
            a.push_back(number * 10);
            has_a.push_back(row % 2 == 0);
            b.push_back("text " + std::to_string(row));
            c.push_back(row % 5 == 0 ? std::nullopt : std::optional(number / 4.0));
            at.emplace_back(std::chrono::seconds(number));
            made.push_back(number * 1000);
            days.push_back(number);
            clock.push_back(number);
            for (std::size_t byte = 0; byte < row % 3; ++byte) raw.push_back(std::byte{7});
            raw_offsets.push_back(static_cast<std::int64_t>(raw.size()));
            // Each row of the matrix has three elements, of which two are pushed.
            v.insert(v.end(), {static_cast<float>(number), 0.5F, -1});
            for (std::size_t element = 0; element < row % 4; ++element) w.push_back(number);
            w_offsets.push_back(static_cast<std::int32_t>(w.size()));
        }
    }

    [[nodiscard]] vecsink::batch columns() const {
        vecsink::batch batch;
        batch.column("id", ids).column("flag", flags).column("a", a).nullable(has_a).column("b", b).column("c", c).column("at", at);
        batch.timestamps("made", made, vecsink::unit::millisecond).dates("day", days).times("clock", clock, vecsink::unit::second);
        batch.binary("raw", raw, raw_offsets).matrix("v", v, 2, 3).lists("w", w, w_offsets);
        return batch;
    }
};

void all_kinds(vecsink::sink &sink) {
    const memory memory(0);
    const vecsink::pushed pushed = sink.push_batch(memory.columns());
    CHECK(pushed.complete && pushed.rows == ROWS && pushed.rejected == 0 && pushed.first == 0 && pushed.last == ROWS - 1);
    CHECK(THROWN(sink.push_batch_for(1s, vecsink::batch())).code() == vecsink::errc::shape);
    vecsink::batch none = memory.columns();
    CHECK(sink.push_batch(none.remove_prefix(ROWS)).rows == 0);
}

// The same rows without the first 37.
void the_rest(vecsink::sink &sink) {
    const memory memory(1000);
    vecsink::batch batch = memory.columns();
    CHECK(batch.remove_prefix(37).rows() == ROWS - 37);
    CHECK(sink.push_batch(batch).rows == ROWS - 37);
}

struct item {
    std::int64_t id;
    float v[2];
    std::string b;
    std::optional<int> a;
};

void members(vecsink::sink &sink) {
    const std::vector<item> items{{2000, {1, 2}, "one", 1}, {2001, {3, 4}, "two", std::nullopt}};
    const std::uint8_t bits[2] = {0, 1 << 2};
    const char *const characters = "abc";
    const std::vector<std::int64_t> offsets{1, 1, 3};
    vecsink::batch batch;
    batch.column("id", items, &item::id).column("v", items, &item::v).column("b", items, &item::b).column("a", items, &item::a);
    batch.bits("flag", vecsink::bitmap{bits, 9}, 2).nulls("c").nulls("at").nulls("made").nulls("day").nulls("clock").nulls("w");
    batch.binary("raw", vecsink::span(characters, 3), offsets).nullable(vecsink::bitmap{bits, 9});
    CHECK(sink.push_batch(batch).rows == 2);
}

// A vector for each row, texts by pointer, half precision, and a column that is set as in C.
void others(vecsink::sink &sink) {
    const std::vector<int> ids{3000, 3001};
    const std::vector<std::vector<float>> vectors{{1, 2}, {3, 4}};
    const std::vector<const char *> texts{"there", nullptr};
    const std::vector<std::uint16_t> halves{0x3c00, 0xc000, 0x3555};
    const std::vector<std::int32_t> offsets{0, 1, 3};
    const std::string text = "xyz";
    alignas(16) const std::int64_t decimals[4] = {1234, 0, -1, -1};
    vecsink_column decimal{};
    decimal.name = "c";
    decimal.type = VECSINK_COLUMN_DECIMAL128;
    decimal.scale = 2;
    decimal.data = decimals;
    decimal.length = 2;
    const std::vector<std::int64_t> at{1'500'000, -1};
    vecsink::batch batch;
    batch.column("id", ids).column("v", vectors).column("b", texts).lists("w", vecsink::halves{halves}, offsets).add(decimal, 2);
    batch.instants("at", at, vecsink::unit::microsecond).texts("raw", text, offsets);
    batch.nulls("flag").nulls("a").nulls("made").nulls("day").nulls("clock");
    CHECK(sink.push_batch(batch).rows == 2);
}

void wrong(vecsink::sink &sink) {
    const std::vector<int> ids{4000, 4001};
    vecsink::batch batch;
    batch.column("id", ids);
    CHECK(THROWN(sink.push_batch(batch)).code() == vecsink::errc::shape);
    const std::vector<float> matrix(4);
    CHECK(THROWN(sink.push_batch(vecsink::batch().column("id", ids).matrix("v", matrix, 0))).code() ==
          vecsink::errc::shape);
    CHECK(THROWN(sink.push_batch(vecsink::batch().column("id", ids).matrix("v", matrix, 3, 1))).code() ==
          vecsink::errc::invalid_argument);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink::sink sink(argv[1], argv[2]);
    all_kinds(sink);
    the_rest(sink);
    members(sink);
    others(sink);
    wrong(sink);
    CHECK(sink.close(1min).rows_written == ROWS + ROWS - 37 + 4);
}
