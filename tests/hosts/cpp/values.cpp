// The values that are made of C++ types. It needs no server.
#include <array>
#include <chrono>
#include <deque>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

#include "check.hpp"

using namespace std::chrono_literals;
using vecsink::is_value_v;
using vecsink::to_value;

static_assert(sizeof(vecsink_value) == 24);
// Types that are refused, because they are most likely a mistake or would lose digits.
static_assert(!is_value_v<char> && !is_value_v<wchar_t> && !is_value_v<long double>);
static_assert(!is_value_v<std::wstring> && !is_value_v<const wchar_t *> && !is_value_v<std::u16string>);
static_assert(!is_value_v<const float *> && !is_value_v<void *> && !is_value_v<int *> && !is_value_v<std::unique_ptr<int>>);
static_assert(!is_value_v<std::vector<int>> && !is_value_v<std::vector<bool>> && !is_value_v<std::vector<char>>);
static_assert(!is_value_v<std::vector<std::string>> && !is_value_v<std::optional<std::wstring>>);
static_assert(!is_value_v<std::list<float>> && !is_value_v<std::deque<float>>);
static_assert(!is_value_v<std::chrono::steady_clock::time_point> && !is_value_v<std::chrono::seconds>);
// Views and handles.
static_assert(std::is_trivially_copyable_v<vecsink::span<const float>>);
static_assert(std::is_convertible_v<std::vector<float> &, vecsink::span<float>>);
static_assert(std::is_convertible_v<const std::vector<float> &, vecsink::span<const float>>);
static_assert(std::is_convertible_v<std::array<float, 3> &, vecsink::span<const float>>);
static_assert(std::is_convertible_v<float (&)[3], vecsink::span<const float>>);
static_assert(std::is_convertible_v<vecsink::span<float>, vecsink::span<const float>>);
static_assert(!std::is_convertible_v<const std::vector<float> &, vecsink::span<float>>);
static_assert(!std::is_convertible_v<std::vector<double> &, vecsink::span<float>>);
#if __cplusplus >= 202002L
static_assert(std::is_convertible_v<std::span<float, 3>, vecsink::span<const float>>);
#endif

namespace {

// A type that the host defines.
struct point {
    float x, y;
};

bool is_text(const vecsink_value &value, std::string_view text) {
    return value.type == VECSINK_STR && std::string_view(static_cast<const char *>(value.as.span.data), value.as.span.length) == text;
}

template <class T> bool is_span(const vecsink_value &value, vecsink_type type, const T *data, std::size_t length) {
    return value.type == type && value.as.span.data == data && value.as.span.length == length;
}

void numbers() {
    CHECK(to_value(nullptr).type == VECSINK_NULL && to_value(std::nullopt).type == VECSINK_NULL);
    CHECK(to_value(true).type == VECSINK_BOOL && to_value(true).as.i64 == 1);
    CHECK(to_value(std::int8_t{-3}).type == VECSINK_I64 && to_value(std::int8_t{-3}).as.i64 == -3);
    CHECK(to_value(std::uint32_t{4'000'000'000}).as.i64 == 4'000'000'000);
    CHECK(to_value(std::uint64_t{7}).type == VECSINK_I64 && to_value(7ULL).as.i64 == 7 && to_value(7L).as.i64 == 7);
    const vecsink_value large = to_value(std::numeric_limits<std::uint64_t>::max());
    CHECK(large.type == VECSINK_DECIMAL && large.as.decimal.high == 0 && large.as.decimal.low == ~std::uint64_t{0} && large.extra == 0);
    CHECK(to_value(1.5F).type == VECSINK_F32 && to_value(1.5).type == VECSINK_F64);
    const vecsink_value price = to_value(vecsink::decimal::of(-1234, 2));
    CHECK(price.as.decimal.high == -1 && static_cast<std::int64_t>(price.as.decimal.low) == -1234 && price.extra == 2);
    CHECK(to_value(std::optional<int>(5)).as.i64 == 5 && to_value(std::optional<int>()).type == VECSINK_NULL);
    CHECK(to_value(std::optional<std::optional<int>>(std::optional<int>())).type == VECSINK_NULL);
}

void texts() {
    const std::string text = "lamp €";
    CHECK(is_text(to_value("lamp"), "lamp") && is_text(to_value(text), text) && is_text(to_value(std::string_view("")), ""));
    CHECK(is_text(to_value(text.c_str()), text) && to_value(static_cast<const char *>(nullptr)).type == VECSINK_NULL);
    char buffer[8] = "ab";
    CHECK(is_text(to_value(buffer), "ab"));
    const char unterminated[3] = {'a', 'b', 'c'};
    CHECK(is_text(to_value(unterminated), "abc"));
    CHECK(is_text(to_value(u8"é"), "\xC3\xA9"));
#ifdef __cpp_char8_t
    CHECK(is_text(to_value(std::u8string(u8"é")), "\xC3\xA9"));
#endif
}

void vectors() {
    std::vector<float> floats(128);
    std::array<double, 3> doubles{};
    float plain[4] = {};
    CHECK(is_span(to_value(floats), VECSINK_VECTOR_F32, floats.data(), 128));
    CHECK(is_span(to_value(doubles), VECSINK_VECTOR_F64, doubles.data(), 3));
    CHECK(is_span(to_value(plain), VECSINK_VECTOR_F32, plain, 4));
    CHECK(is_span(to_value(vecsink::span(floats.data() + 5, 7)), VECSINK_VECTOR_F32, floats.data() + 5, 7));
#if __cplusplus >= 202002L
    CHECK(is_span(to_value(std::span(floats).subspan(5, 7)), VECSINK_VECTOR_F32, floats.data() + 5, 7));
#endif
    const std::vector<std::uint16_t> half(8);
    CHECK(is_span(to_value(vecsink::halves{half}), VECSINK_VECTOR_F16, half.data(), 8));
    const std::vector<std::byte> bytes(5);
    const std::uint8_t raw[2] = {0, 255};
    CHECK(is_span(to_value(bytes), VECSINK_BYTES, bytes.data(), 5) && is_span(to_value(raw), VECSINK_BYTES, raw, 2));
    const std::vector<vecsink_value> tags{to_value("new"), to_value(nullptr)};
    CHECK(is_span(to_value(vecsink::array{tags}), VECSINK_ARRAY, tags.data(), 2));
}

void times() {
    using std::chrono::system_clock;
    const vecsink_value before = to_value(system_clock::time_point(-250ms));
    CHECK(before.type == VECSINK_INSTANT && before.as.i64 == -1 && before.extra == 750'000'000);
    const vecsink_value after = to_value(std::chrono::time_point<system_clock, std::chrono::nanoseconds>(1s + 1ns));
    CHECK(after.as.i64 == 1 && after.extra == 1);
    const vecsink_value hour = to_value(std::chrono::time_point<system_clock, std::chrono::hours>(-1h));
    CHECK(hour.type == VECSINK_INSTANT && hour.as.i64 == -3600 && hour.extra == 0);
    const vecsink_value far = to_value(std::chrono::time_point<system_clock, std::chrono::hours>(std::chrono::hours(80'000'000)));
    CHECK(far.as.i64 == 288'000'000'000);
    CHECK(to_value(vecsink::date{-1}).type == VECSINK_DATE && to_value(vecsink::date{-1}).as.i64 == -1);
    CHECK(to_value(vecsink::time_of_day{1us}).type == VECSINK_TIME && to_value(vecsink::time_of_day{1us}).as.i64 == 1000);
    CHECK(to_value(vecsink::timestamp{-1us}).type == VECSINK_TIMESTAMP && to_value(vecsink::timestamp{-1us}).extra == 999'999'000);
#if __cplusplus >= 202002L
    using namespace std::chrono;
    CHECK(to_value(1970y / January / 3).type == VECSINK_DATE && to_value(1970y / January / 3).as.i64 == 2);
    CHECK(to_value(sys_days(1970y / January / 3)).as.i64 == 2 && to_value(sys_days(1970y / January / 3)).type == VECSINK_DATE);
    CHECK(to_value(local_seconds(5s)).type == VECSINK_TIMESTAMP && to_value(hh_mm_ss(1min)).as.i64 == 60'000'000'000);
#endif
}

void timeouts() {
    using vecsink::timeout;
    CHECK(timeout(1500us).milliseconds() == 2 && timeout(1s).milliseconds() == 1000 && timeout(1ns).milliseconds() == 1);
    CHECK(timeout(0s).milliseconds() == 0 && timeout(-5s).milliseconds() == 0 && timeout::forever().milliseconds() < 0);
    CHECK(timeout(std::chrono::hours::max()).milliseconds() < 0 && timeout(std::chrono::hours::min()).milliseconds() == 0);
    CHECK(timeout(std::chrono::nanoseconds::max()).milliseconds() == 9'223'372'036'855);
    CHECK(timeout(std::chrono::duration<double>(0.5)).milliseconds() == 500);
    static_assert(timeout(2s).milliseconds() == 2000);
}

void batches() {
    std::vector<std::int64_t> ids{1, 2, 3};
    const std::vector<float> matrix(3 * 4);
    vecsink::batch batch;
    CHECK(batch.rows() == 0 && batch.get().empty());
    batch.column("id", ids).matrix("v", matrix, 4);
    CHECK(batch.rows() == 3 && batch.get().size() == 2);
    CHECK(batch.get()[0].type == VECSINK_COLUMN_I64 && batch.get()[0].data == ids.data() && batch.get()[0].length == 3);
    CHECK(batch.get()[1].type == VECSINK_COLUMN_MATRIX_F32 && batch.get()[1].data == matrix.data() && batch.get()[1].dimension == 4);
    // The columns' names keep their address when the batch grows or is moved.
    const char *first = batch.get()[0].name;
    for (int more = 0; more < 100; ++more) batch.nulls("more" + std::to_string(more));
    vecsink::batch moved = std::move(batch);
    CHECK(moved.get()[0].name == first && std::string_view(first) == "id" && std::string_view(moved.get()[101].name) == "more99");

    const std::vector<int> two{1, 2};
    CHECK(contains(THROWN(moved.column("two", two)).message(), "column two has 2 rows, the batch 3"));
    CHECK(THROWN(moved.matrix("v", matrix, 5)).code() == vecsink::errc::shape);
    CHECK(THROWN(moved.column(std::string_view("a\0b", 3), ids)).code() == vecsink::errc::invalid_argument);
    const std::uint8_t bits[1] = {5};
    CHECK(THROWN(moved.nullable(vecsink::bitmap{bits, 6})).code() == vecsink::errc::shape);
    CHECK(THROWN(moved.nullable(std::vector<bool>{true})).code() == vecsink::errc::shape);
    CHECK(THROWN(vecsink::batch().nullable(vecsink::bitmap{bits, 0})).code() == vecsink::errc::shape);
    CHECK(THROWN(moved.remove_prefix(4)).code() == vecsink::errc::shape);
    moved.clear();
    CHECK(moved.rows() == 0 && moved.get().empty());

    // Members of structs in place, with the struct's stride.
    struct item {
        std::int32_t id;
        double price;
        float v[2];
        std::string name;
    };
    const std::vector<item> items{{1, 0.5, {1, 2}, "a"}, {2, 1.5, {3, 4}, "b"}};
    moved.column("id", items, &item::id).column("price", items, &item::price).column("v", items, &item::v).column("name", items, &item::name);
    CHECK(moved.get()[0].type == VECSINK_COLUMN_I32 && moved.get()[0].stride == sizeof(item) / 4);
    CHECK(moved.get()[0].length == sizeof(item) / 4 + 1 && moved.get()[1].type == VECSINK_COLUMN_F64);
    CHECK(moved.get()[2].type == VECSINK_COLUMN_VALUES && moved.get()[3].type == VECSINK_COLUMN_VALUES);
}

} // namespace

template <> struct vecsink::as_value<point> {
    static vecsink_value make(const point &from) noexcept { return vecsink_vector_f32(&from.x, 2); }
};

int main() {
    numbers();
    texts();
    vectors();
    times();
    timeouts();
    batches();
    CHECK(to_value(point{1, 2}).as.span.length == 2 && to_value(std::optional(point{1, 2})).type == VECSINK_VECTOR_F32);
    CHECK(std::string_view(vecsink::name(vecsink::errc::timed_out)) == "VECSINK_TIMED_OUT");
    CHECK(std::string_view(vecsink::version()) == "0.1.0" && vecsink::version_number() == VECSINK_VERSION_NUMBER);
}
