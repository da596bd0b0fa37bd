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

// As a sequence: the next number.
inline constexpr std::uint64_t next = VECSINK_NEXT;

// How far the push of a batch came.
struct pushed {
    std::uint64_t first;  // the number of the batch's first row; without rows, first and last mean nothing
    std::uint64_t last;   // and of its last one that was accepted
    std::size_t rows;     // rows that were accepted, from the batch's start on
    std::size_t rejected; // how many of them can't be stored: on_rejected is called for each, and the dead-letter target, if any, keeps each
    bool complete;        // whether all were accepted; if not, there was no room in time: batch::remove_prefix(rows), push again
};

// All functions may be called from any number of threads at once, except moving, assigning and destroying.
//
// push waits for room; try_push returns nullopt when there is none, push_for when there was none in time: the row was not
// accepted. A push from a callback of the sink waits like any other, but throws when the room is taken by rejected rows that wait
// for their callback. A row that can't be pushed at all throws vecsink::error.
class sink {
  public:
    // Without a table: everything throws.
    sink() noexcept = default;

    // All columns of a table, with defaults; sink_builder has the options.
    sink(std::string_view url, std::string_view table) {
        vecsink_sink *opened = nullptr;
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_open(detail::c_string(url), detail::c_string(table), &opened, &failure);
        detail::check(code, failure);
        handle_.reset(opened);
    }

    // Takes a C handle over.
    explicit sink(vecsink_sink *handle) noexcept : handle_(handle) {}

    sink(sink &&) noexcept = default;
    sink &operator=(sink &&other) noexcept {
        sink moved(std::move(other));
        handle_.swap(moved.handle_);
        callbacks_.swap(moved.callbacks_);
        return *this;
    }

    // An open sink is closed first, within 5 s; what isn't written then is logged. Better call close, which says.
    ~sink() {
        if (!callbacks_ || !handle_) return;
        // In a callback, which can't close a sink, the library keeps it, and so what it calls must stay as well.
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

    // With a number of the host's own, above all before.
    template <class... T> std::uint64_t push_at(std::uint64_t sequence, const T &...values) {
        static_assert(sizeof...(T) > 0, "vecsink: a row has a value for each column");
        return push_values(detail::values(values...), sequence);
    }

    // C values; and all that can be said about a push.
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

    // ---- deletes, of a sink opened for them (sink_builder::deletes) ----

    // The row with this key: a value for each of its columns, in the order of key_name.
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

    // Rows that can't be stored cost only themselves (pushed::rejected), unless 'exceptionmode' is 'strict'. An error says how
    // many rows were accepted before it.
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

    // A record batch of Arrow's C data interface. Both are consumed, whatever comes of it.
    pushed push_arrow(ArrowArray *array, ArrowSchema *schema, std::uint64_t sequence = next) {
        vecsink_error *failure = nullptr;
        vecsink_pushed done{};
        detail::check(vecsink_sink_push_arrow(get(), array, schema, sequence, -1, &done, &failure), failure);
        return made(done, true);
    }

    // ---- what became of them ----

    // Every row below this number is committed, was left out by the conflict mode, or was rejected.
    [[nodiscard]] std::uint64_t durable() const noexcept { return vecsink_sink_durable(get()); }

    // Of a named stream: from which number on to push again.
    [[nodiscard]] std::uint64_t resume_position() const noexcept { return vecsink_sink_resume_position(get()); }

    // Waits until the row with this number is durable, which another thread may have yet to push.
    void wait_durable(std::uint64_t sequence) const {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_wait_durable(get(), sequence, -1, &failure), failure);
    }
    [[nodiscard]] bool wait_durable_for(std::uint64_t sequence, timeout longest) const {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_sink_wait_durable(get(), sequence, longest.milliseconds(), &failure);
        return detail::in_time(code, failure);
    }

    // Writes at once what was pushed, and waits until all of it is durable.
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

    // Takes no more rows, writes what was pushed, makes the last callbacks and ends the sink's threads. errc::not_durable when
    // that took longer than the deadline: the rest is in doubt. Throws the exception of a callback that threw one.
    // A callback that still runs at the deadline isn't waited for; the function object it is called through lives until it returns.
    // With vector_index::defer it also builds the vector indexes that the sink has dropped. errc::target when the deadline ended
    // that: all rows are durable, and the next sink of the table builds them.
    vecsink_stats close(timeout deadline) {
        vecsink_stats last{};
        last.size = sizeof last;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_close(get(), deadline.milliseconds(), &last, &failure), failure);
        if (const auto exception = callback_exception()) std::rethrow_exception(exception);
        return last;
    }

    // The first exception that left a callback since this was asked last; none crosses into the library.
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

    // The C handle, which stays this object's.
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

    // In this order: the handle goes first, and with it the last callback.
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
