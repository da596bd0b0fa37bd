// An open table that rows are pushed into.
#ifndef VECSINK_SINK_HPP
#define VECSINK_SINK_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "../vecsink.h"
#include "batch.hpp"
#include "callbacks.hpp"
#include "error.hpp"
#include "row.hpp"
#include "span.hpp"
#include "timeout.hpp"
#include "value.hpp"

namespace vecsink {

using stats = vecsink_stats;

// A value for a sequence: the row gets the next number.
inline constexpr std::uint64_t next = VECSINK_NEXT;

// How much of a batch was accepted.
struct pushed {
    std::uint64_t first;  // the number of the batch's first row; without rows, first and last mean nothing
    std::uint64_t last;   // the number of its last row that was accepted
    std::size_t rows;     // rows that were accepted, from the batch's start on
    std::size_t rejected; // how many of them can't be stored: on_rejected is called for each
    bool complete;        // whether all rows were accepted; if not, there was no room in time: call batch::remove_prefix(rows) and push again
};

// All functions may be called from any number of threads at once, except moving, assigning and destroying.
//
// push waits for room. try_push returns nullopt if there is no room, push_for if there was none in time; then the row was not
// accepted. A push from a callback of the sink waits like any other, but throws if the room is taken by rejected rows that wait
// for their callback. For a row that can't be pushed at all, vecsink::error is thrown.
class sink {
  public:
    // An object without a table: all functions throw.
    sink() noexcept = default;

    // All columns of a table, with defaults; sink_builder has the options.
    sink(std::string_view url, std::string_view table) {
        vecsink_sink *opened = nullptr;
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_open(detail::c_string(url), detail::c_string(table), &opened, &failure);
        detail::check(code, failure);
        handle_.reset(opened);
    }

    // Takes over a C handle.
    explicit sink(vecsink_sink *handle) noexcept : handle_(handle) {}

    sink(sink &&) noexcept = default;
    sink &operator=(sink &&other) noexcept {
        sink moved(std::move(other));
        handle_.swap(moved.handle_);
        callbacks_.swap(moved.callbacks_);
        return *this;
    }

    // An open sink is closed first, within 5 s; if rows are not written by then, that is only logged. It is better to call
    // close, which throws then.
    ~sink() {
        if (!callbacks_ || !handle_) return;
        // A callback can't close a sink. Then the library keeps the sink, so the functions that it calls must be kept, too.
        if (vecsink_sink_close(get(), 5000, nullptr, nullptr) == VECSINK_IN_CALLBACK) callbacks_->kept = callbacks_;
    }

    // ---- one row ----

    // A value for each of the sink's columns, in their order. Returns the row's number.
    template <class... T> std::uint64_t push(const T &...values) { return push_at(next, values...); }

    template <class... T> [[nodiscard]] std::optional<std::uint64_t> try_push(const T &...values) {
        return push_for(timeout::none(), values...);
    }

    template <class... T> [[nodiscard]] std::optional<std::uint64_t> push_for(timeout longest, const T &...values) {
        static_assert(sizeof...(T) > 0, "vecsink: a row has a value for each column");
        return push_values_for(longest, detail::values(values...));
    }

    // With a number of the host's own, above all earlier numbers.
    template <class... T> std::uint64_t push_at(std::uint64_t sequence, const T &...values) {
        static_assert(sizeof...(T) > 0, "vecsink: a row has a value for each column");
        return push_values(detail::values(values...), sequence);
    }

    // A row of C values, with all settings of a push.
    std::uint64_t push_values(span<const vecsink_value> values, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_push(get(), values.data(), values.size(), sequence, -1, &sequence, &failure), failure);
        return sequence;
    }
    [[nodiscard]] std::optional<std::uint64_t> try_push_values(span<const vecsink_value> values, std::uint64_t sequence = next) {
        return push_values_for(timeout::none(), values, sequence);
    }
    [[nodiscard]] std::optional<std::uint64_t> push_values_for(timeout longest, span<const vecsink_value> values,
                                                               std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        const auto code =
            vecsink_sink_push(get(), values.data(), values.size(), sequence, longest.milliseconds(), &sequence, &failure);
        return detail::in_time(code, failure) ? std::optional(sequence) : std::nullopt;
    }

    std::uint64_t push_row(const row &row, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_push_row(get(), row.get(), sequence, -1, &sequence, &failure), failure);
        return sequence;
    }
    [[nodiscard]] std::optional<std::uint64_t> try_push_row(const row &row, std::uint64_t sequence = next) {
        return push_row_for(timeout::none(), row, sequence);
    }
    [[nodiscard]] std::optional<std::uint64_t> push_row_for(timeout longest, const row &row, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_push_row(get(), row.get(), sequence, longest.milliseconds(), &sequence, &failure);
        return detail::in_time(code, failure) ? std::optional(sequence) : std::nullopt;
    }

    // ---- deletes; the sink must have been opened with sink_builder::deletes ----

    // Deletes the row with this key: a value for each column of the key, in the order of key_name.
    template <class... T> std::uint64_t erase(const T &...key) { return erase_at(next, key...); }

    template <class... T> [[nodiscard]] std::optional<std::uint64_t> try_erase(const T &...key) {
        return erase_for(timeout::none(), key...);
    }

    template <class... T> [[nodiscard]] std::optional<std::uint64_t> erase_for(timeout longest, const T &...key) {
        static_assert(sizeof...(T) > 0, "vecsink: a key has a value for each of its columns");
        return erase_values_for(longest, detail::values(key...));
    }

    template <class... T> std::uint64_t erase_at(std::uint64_t sequence, const T &...key) {
        static_assert(sizeof...(T) > 0, "vecsink: a key has a value for each of its columns");
        return erase_values(detail::values(key...), sequence);
    }

    std::uint64_t erase_values(span<const vecsink_value> key, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_delete(get(), key.data(), key.size(), sequence, -1, &sequence, &failure), failure);
        return sequence;
    }
    [[nodiscard]] std::optional<std::uint64_t> try_erase_values(span<const vecsink_value> key, std::uint64_t sequence = next) {
        return erase_values_for(timeout::none(), key, sequence);
    }
    [[nodiscard]] std::optional<std::uint64_t> erase_values_for(timeout longest, span<const vecsink_value> key,
                                                                std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_delete(get(), key.data(), key.size(), sequence, longest.milliseconds(), &sequence, &failure);
        return detail::in_time(code, failure) ? std::optional(sequence) : std::nullopt;
    }

    // ---- many rows ----

    // A row that can't be stored is accepted and then rejected (pushed::rejected), and the batch goes on. If 'exceptionmode' is
    // 'strict', the batch ends before it instead. An error says how many rows were accepted before it.
    pushed push_batch(const batch &batch, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        vecsink_pushed done{};
        detail::check(send(batch, sequence, timeout::forever(), done, failure), failure);
        return made(done, true);
    }
    [[nodiscard]] pushed try_push_batch(const batch &batch, std::uint64_t sequence = next) {
        return push_batch_for(timeout::none(), batch, sequence);
    }
    [[nodiscard]] pushed push_batch_for(timeout longest, const batch &batch, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        vecsink_pushed done{};
        const auto code = send(batch, sequence, longest, done, failure);
        const bool complete = detail::in_time(code, failure);
        return made(done, complete);
    }

    // A record batch of Arrow's C data interface. Array and schema are consumed, also if the push fails.
    pushed push_arrow(ArrowArray *array, ArrowSchema *schema, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        vecsink_pushed done{};
        detail::check(vecsink_sink_push_arrow(get(), array, schema, sequence, -1, &done, &failure), failure);
        return made(done, true);
    }

    // ---- durability ----

    // Every row below this number is committed, was left out by the conflict mode, or was rejected.
    [[nodiscard]] std::uint64_t durable() const noexcept { return vecsink_sink_durable(get()); }

    // The first row of a named stream that must be pushed again. Rows below it are dropped, and counted as rows_repeated.
    [[nodiscard]] std::uint64_t resume_position() const noexcept { return vecsink_sink_resume_position(get()); }

    // Waits until the row with this number is durable. The row may be one that another thread has not pushed yet.
    void wait_durable(std::uint64_t sequence) const {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_wait_durable(get(), sequence, -1, &failure), failure);
    }
    [[nodiscard]] bool wait_durable_for(std::uint64_t sequence, timeout longest) const {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_wait_durable(get(), sequence, longest.milliseconds(), &failure);
        return detail::in_time(code, failure);
    }

    // Writes all pushed rows at once, and waits until they are durable.
    void flush() {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_flush(get(), -1, &failure), failure);
    }
    [[nodiscard]] bool flush_for(timeout longest) {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_flush(get(), longest.milliseconds(), &failure);
        return detail::in_time(code, failure);
    }

    [[nodiscard]] vecsink_stats stats() const {
        vecsink_stats filled{};
        filled.size = sizeof filled;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_stats(get(), &filled, &failure), failure);
        return filled;
    }

    // Accepts no more rows, writes the rows that were pushed, makes the last callbacks and ends the sink's threads.
    // errc::not_durable: this took longer than the deadline, and the rest is in doubt. If a callback threw an exception,
    // this throws it. If a callback still runs at the deadline, this doesn't wait for it; the function object that is
    // called lives until it returns. With vector_index::defer this also builds the vector indexes that the sink has
    // dropped. errc::target: the deadline ended the build; all rows are durable, and the next sink of the table builds the
    // indexes.
    vecsink_stats close(timeout deadline) {
        vecsink_stats last{};
        last.size = sizeof last;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_close(get(), deadline.milliseconds(), &last, &failure), failure);
        if (const auto exception = callback_exception()) std::rethrow_exception(exception);
        return last;
    }

    // The first exception that left a callback since the last call of this function. (No exception gets into the library.)
    [[nodiscard]] std::exception_ptr callback_exception() noexcept {
        return callbacks_ ? callbacks_->take_exception() : nullptr;
    }

    // ---- its columns ----

    [[nodiscard]] std::size_t column_count() const noexcept { return vecsink_sink_column_count(get()); }
    // Empty beyond the end. Lives as long as the sink.
    [[nodiscard]] std::string_view column_name(std::size_t index) const noexcept {
        return text(vecsink_sink_column_name(get(), index));
    }
    [[nodiscard]] std::optional<std::size_t> column_index(std::string_view name) const {
        const std::ptrdiff_t index = vecsink_sink_column_index(get(), detail::c_string(name));
        return index < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(index));
    }
    [[nodiscard]] std::size_t key_count() const noexcept { return vecsink_sink_key_count(get()); }
    [[nodiscard]] std::string_view key_name(std::size_t index) const noexcept { return text(vecsink_sink_key_name(get(), index)); }

    [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

    // The C handle. This object goes on owning it.
    [[nodiscard]] vecsink_sink *get() const noexcept { return handle_.get(); }

  private:
    friend class sink_builder;

    sink(vecsink_sink *handle, std::shared_ptr<detail::callbacks> callbacks) noexcept
        : callbacks_(std::move(callbacks)), handle_(handle) {}

    vecsink_code send(const batch &batch, std::uint64_t sequence, timeout longest, vecsink_pushed &done, vecsink_error *&failure) {
        const auto columns = batch.get();
        return vecsink_sink_push_batch(get(), columns.data(), columns.size(), batch.rows(), sequence, longest.milliseconds(), &done,
                                       &failure);
    }

    static pushed made(const vecsink_pushed &done, bool complete) noexcept {
        return {done.first, done.last, done.rows, done.rejected, complete};
    }

    static std::string_view text(const char *text) noexcept { return text == nullptr ? std::string_view() : text; }

    // The order matters: the handle is destroyed first. After that there are no more callbacks.
    std::shared_ptr<detail::callbacks> callbacks_;
    detail::handle<vecsink_sink, vecsink_sink_free> handle_;
};

inline row::row(const sink &of) {
    vecsink_row *made = nullptr;
    vecsink_error *failure = nullptr;
    detail::check(vecsink_row_new(of.get(), &made, &failure), failure);
    handle_.reset(made);
}

} // namespace vecsink

#endif // VECSINK_SINK_HPP
