// Who owns a handle, and who frees it: handles URL TABLE. The table: id bigint PRIMARY KEY.
#include <chrono>
#include <type_traits>
#include <utility>
#include <vector>

#include "check.hpp"

using namespace std::chrono_literals;
using vecsink::errc;

template <class T> constexpr bool is_move_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                                                 !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(is_move_only<vecsink::sink> && is_move_only<vecsink::sink_builder> && is_move_only<vecsink::row>);
static_assert(is_move_only<vecsink::pipeline> && is_move_only<vecsink::pipeline_builder> && is_move_only<vecsink::batch>);
static_assert(std::is_nothrow_copy_constructible_v<vecsink::error>);
static_assert(!std::is_convertible_v<vecsink_sink *, vecsink::sink> && !std::is_convertible_v<vecsink::sink, bool>);

namespace {

void empty() {
    vecsink::sink none;
    CHECK(!none && none.get() == nullptr && none.durable() == 0 && none.column_count() == 0 && none.column_name(0).empty());
    CHECK(THROWN(none.push(1)).code() == errc::invalid_argument);
    CHECK(THROWN(none.flush()).code() == errc::invalid_argument);
    CHECK(THROWN(none.stats()).code() == errc::invalid_argument);
    CHECK(THROWN(none.close(0s)).code() == errc::invalid_argument);
    CHECK(THROWN(vecsink::row(none)).code() == errc::invalid_argument);
    CHECK(!none.callback_exception());
    vecsink::pipeline job;
    CHECK(!job && THROWN(job.wait()).code() == errc::invalid_argument && THROWN(job.stop(0s)).code() == errc::invalid_argument);
}

void moved(const char *url, const char *table) {
    vecsink::sink first(url, table);
    vecsink_sink *const handle = first.get();
    vecsink::sink second = std::move(first);
    CHECK(second.get() == handle && !first && THROWN(first.push(1)).code() == errc::invalid_argument);
    vecsink::sink &itself = second;
    second = std::move(itself);
    CHECK(second.get() == handle);
    // The sink that the variable had before is closed and freed.
    vecsink::sink third(url, table);
    vecsink_sink *const replaced = third.get();
    third = std::move(second);
    CHECK(third.get() == handle && vecsink_sink_flush(replaced, 0, nullptr) == VECSINK_INVALID_HANDLE);
    third.push(1);
    std::vector<vecsink::sink> many;
    many.push_back(std::move(third));
    many.emplace_back(url, table);
    many.emplace_back();
    CHECK(many.front().get() == handle && many.front().close(1min).rows_written == 1);
    // Builders, rows and errors own their handles, too.
    vecsink::sink_builder builder(url, table);
    vecsink::sink_builder other = std::move(builder);
    CHECK(builder.get() == nullptr && THROWN(builder.stream("x")).code() == errc::invalid_argument);
    vecsink::sink opened = other.columns(std::vector<std::string>{"id"}).open();
    CHECK(THROWN(other.open()).code() == errc::invalid_argument);
    vecsink::row row(opened);
    row.set(0, 2);
    vecsink::row taken = std::move(row);
    CHECK(THROWN(row.set(0, 1)).code() == errc::invalid_argument && THROWN(opened.push_row(row)).code() == errc::invalid_argument);
    opened.push_row(taken);
    opened.close(1min);
    CHECK(THROWN(opened.push(3)).code() == errc::closed);
    opened.close(0s);
    taken.set(0, 4); // it outlives its sink
}

void shared_with_c(const char *url, const char *table) {
    vecsink_sink *handle = nullptr;
    CHECK(vecsink_sink_open(url, table, &handle, nullptr) == VECSINK_OK);
    {
        vecsink::sink taken(handle);
        taken.push(5);
        CHECK(vecsink_sink_flush(taken.get(), -1, nullptr) == VECSINK_OK);
    }
    CHECK(vecsink_sink_flush(handle, 0, nullptr) == VECSINK_INVALID_HANDLE);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    empty();
    moved(argv[1], argv[2]);
    shared_with_c(argv[1], argv[2]);
}
