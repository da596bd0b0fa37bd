// A sink that is about to be opened.
#ifndef VECSINK_SINK_BUILDER_HPP
#define VECSINK_SINK_BUILDER_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../vecsink.h"
#include "callbacks.hpp"
#include "error.hpp"
#include "sink.hpp"

namespace vecsink {

// What happens to a row whose key is already there: it replaces that row, it is left out, or the sink fails.
enum class conflict_mode : vecsink_conflict_mode {
    upsert = VECSINK_CONFLICT_UPSERT,
    ignore = VECSINK_CONFLICT_IGNORE,
    strict = VECSINK_CONFLICT_STRICT
};

// What happens when a row can't be stored: it is rejected and the sink goes on, or the sink fails.
enum class exception_mode : vecsink_exception_mode {
    ignore = VECSINK_EXCEPTION_IGNORE,
    strict = VECSINK_EXCEPTION_STRICT
};

// How rows get into the table's vector index. inline_: when they are written. behind: later; until then they are in a child table,
// where queries find them at once. defer: the index is dropped and built again at the end.
enum class vector_index : vecsink_vector_index {
    inline_ = VECSINK_VECTOR_INDEX_INLINE,
    behind = VECSINK_VECTOR_INDEX_BEHIND,
    defer = VECSINK_VECTOR_INDEX_DEFER
};

// How often a row is written. at_least_once: after a crash some rows are written again. exactly_once: each row once.
enum class delivery_guarantee : vecsink_delivery_guarantee {
    at_least_once = VECSINK_AT_LEAST_ONCE,
    exactly_once = VECSINK_EXACTLY_ONCE
};

// It is for one thread at a time:
//
//     vecsink::sink sink = vecsink::sink_builder(url, "public.items").columns({"id", "embedding"}).stream("cars").open();
class sink_builder {
  public:
    // A table, "schema.table", of the database at a URL, "postgresql://…" or "jdbc:postgresql://…". Nothing is opened yet.
    sink_builder(std::string_view url, std::string_view table) {
        vecsink_sink_builder *made = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_builder_new(detail::c_string(url), detail::c_string(table), &made, &failure), failure);
        handle_.reset(made);
    }

    // The columns that rows have, in their order. Default: all columns of the table, except those that the database generates.
    sink_builder &columns(std::initializer_list<std::string_view> names) { return columns(names.begin(), names.end()); }
    sink_builder &columns(const std::vector<std::string> &names) { return columns(names.begin(), names.end()); }

    // Sets an option of the sink by the name that it has in a job file: "deadletter", "retrywaittime" … (docs/options.md). When an
    // option is set twice, the later value is used.
    sink_builder &option(std::string_view name, std::string_view value) {
        return asked(vecsink_sink_builder_option, detail::c_string(name), detail::c_string(value));
    }

    // The user who logs in, and the password, instead of the URL's.
    sink_builder &user(std::string_view name) { return asked(vecsink_sink_builder_user, detail::c_string(name)); }
    sink_builder &password(std::string_view password) {
        return asked(vecsink_sink_builder_password, detail::c_string(password));
    }

    // What happens to a row whose key is already there. Default: conflict_mode::upsert.
    sink_builder &conflict_mode(vecsink::conflict_mode mode) {
        return asked(vecsink_sink_builder_conflict_mode, static_cast<vecsink_conflict_mode>(mode));
    }

    // What happens when a row can't be stored. Default: exception_mode::ignore.
    sink_builder &exception_mode(vecsink::exception_mode mode) {
        return asked(vecsink_sink_builder_exception_mode, static_cast<vecsink_exception_mode>(mode));
    }

    // The most rows in one transaction. Default: the sink finds the best number while it runs.
    sink_builder &batch_size(std::uint32_t rows) { return asked(vecsink_sink_builder_batch_size, rows); }

    // The most connections, and so the most transactions at once. Default: 20.
    sink_builder &connections(std::uint32_t most) { return asked(vecsink_sink_builder_connections, most); }

    // The file into which rows that can't be stored are written, as JSON Lines.
    sink_builder &dead_letter_file(std::string_view path) {
        return asked(vecsink_sink_builder_dead_letter_file, detail::c_string(path));
    }

    // The length of every vector, for tables whose types and indexes don't say it.
    sink_builder &vector_dimension(std::size_t dimension) {
        return asked(vecsink_sink_builder_vector_dimension, dimension);
    }

    // Whether vectors are scaled to length 1 before they are stored.
    sink_builder &vector_normalize(bool normalize = true) {
        return asked(vecsink_sink_builder_vector_normalize, normalize);
    }

    // How rows get into the table's vector index. Default: vector_index::inline_.
    sink_builder &vector_index(vecsink::vector_index mode) {
        return asked(vecsink_sink_builder_vector_index, static_cast<vecsink_vector_index>(mode));
    }

    // How often a row is written. exactly_once needs the name of a stream, and rows with numbers of the program's own
    // (sink::push_at). Default: delivery_guarantee::at_least_once.
    sink_builder &delivery_guarantee(vecsink::delivery_guarantee guarantee) {
        return asked(vecsink_sink_builder_delivery_guarantee, static_cast<vecsink_delivery_guarantee>(guarantee));
    }

    // The name of the sessions in pg_stat_activity, instead of the URL's. Default: "vecsink" and the stream's name. With a named
    // stream, "/" and 16 digits follow, which are other ones for each sink.
    sink_builder &application_name(std::string_view name) {
        return asked(vecsink_sink_builder_application_name, detail::c_string(name));
    }

    // Names the stream of rows, for a host that numbers its rows itself and wants to go on after a crash (see
    // sink::resume_position).
    sink_builder &stream(std::string_view name) { return asked(vecsink_sink_builder_stream, detail::c_string(name)); }

    // Whether sink::erase will be called.
    sink_builder &deletes(bool deletes = true) { return asked(vecsink_sink_builder_deletes, deletes); }

    // How long a row waits for other rows of its transaction while the sink is idle. Default: 2 ms, or 50 ms where a transaction
    // costs more (ADBPG, Greenplum).
    sink_builder &linger(std::chrono::milliseconds longest) {
        return asked(vecsink_sink_builder_linger, counted(longest.count()));
    }

    // The most bytes of rows between push and COMMIT. When they are used up, pushes wait. Default: 64 MiB.
    sink_builder &buffer_memory(std::size_t bytes) { return asked(vecsink_sink_builder_buffer_memory, bytes); }

    // How long the database may be unreachable before the sink fails. Default: without end.
    sink_builder &max_outage(std::chrono::milliseconds longest) {
        return asked(vecsink_sink_builder_max_outage, counted(longest.count()));
    }

    // Called with the new value of sink::durable each time it has risen, from a thread of the sink's own. The function may
    // push. If it throws an exception, sink::close or sink::callback_exception gives it.
    sink_builder &on_durable(std::function<void(std::uint64_t)> callback) {
        const bool is_set = static_cast<bool>(callback);
        callbacks().durable = std::move(callback);
        return asked(vecsink_sink_builder_on_durable, is_set ? detail::callbacks::on_durable : nullptr,
                     static_cast<void *>(&callbacks()));
    }

    // Called for each row that was accepted and then rejected, before on_durable is called with a number above it, and from
    // the same thread. sink::durable may rise above the row, and sink::wait_durable return, a moment before this call.
    sink_builder &on_rejected(std::function<void(const rejected &)> callback) {
        const bool is_set = static_cast<bool>(callback);
        callbacks().rejection = std::move(callback);
        return asked(vecsink_sink_builder_on_rejected, is_set ? detail::callbacks::on_rejected : nullptr,
                     static_cast<void *>(&callbacks()));
    }

    // Connects and starts the sink. A builder can be opened only once, also if that fails.
    [[nodiscard]] sink open() {
        vecsink_sink *opened = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_builder_open(get(), &opened, &failure), failure);
        return sink(opened, std::move(callbacks_));
    }

    // The C handle. This object goes on owning it.
    [[nodiscard]] vecsink_sink_builder *get() const noexcept { return handle_.get(); }

  private:
    template <class Call, class... T> sink_builder &asked(Call call, const T &...arguments) {
        vecsink_error *failure = nullptr;
        detail::check(call(get(), arguments..., &failure), failure);
        return *this;
    }

    template <class Iterator> sink_builder &columns(Iterator name, Iterator end) {
        std::vector<detail::c_string> kept;
        for (; name != end; ++name) kept.emplace_back(*name);
        const std::vector<const char *> names(kept.begin(), kept.end());
        return asked(vecsink_sink_builder_columns, names.data(), names.size());
    }

    // A negative time counts as 0.
    static std::uint64_t counted(std::int64_t count) noexcept { return count < 0 ? 0 : static_cast<std::uint64_t>(count); }

    detail::callbacks &callbacks() {
        if (!callbacks_) callbacks_ = std::make_shared<detail::callbacks>();
        return *callbacks_;
    }

    std::shared_ptr<detail::callbacks> callbacks_;
    detail::handle<vecsink_sink_builder, vecsink_sink_builder_free> handle_;
};

} // namespace vecsink

#endif // VECSINK_SINK_BUILDER_HPP
