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

// For one thread at a time:
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

    // The columns that rows have, in their order. Left out: all of the table, but those that the database generates.
    sink_builder &columns(std::initializer_list<std::string_view> names) { return columns(names.begin(), names.end()); }
    sink_builder &columns(const std::vector<std::string> &names) { return columns(names.begin(), names.end()); }

    // Any option of a sink table of a job file: "conflictmode", "exceptionmode", "deadletter" … (docs/options.md).
    sink_builder &option(std::string_view name, std::string_view value) {
        return asked(vecsink_sink_builder_option, detail::c_string(name), detail::c_string(value));
    }

    // Names the stream of rows, for a host that numbers them itself and goes on after a crash: sink::resume_position.
    sink_builder &stream(std::string_view name) { return asked(vecsink_sink_builder_stream, detail::c_string(name)); }

    // Whether rows will be deleted, too: sink::erase.
    sink_builder &deletes(bool deletes = true) { return asked(vecsink_sink_builder_deletes, deletes); }

    // How long a row waits for others to share its transaction while the sink is idle.
    sink_builder &linger(std::chrono::microseconds longest) {
        return asked(vecsink_sink_builder_linger, counted(longest.count()));
    }

    // Bytes of rows between push and COMMIT; then pushes wait.
    sink_builder &buffer_memory(std::size_t bytes) { return asked(vecsink_sink_builder_buffer_memory, bytes); }

    // How long the database may be away before the sink fails.
    sink_builder &max_outage(std::chrono::milliseconds longest) {
        return asked(vecsink_sink_builder_max_outage, counted(longest.count()));
    }

    // Told the new sink::durable whenever it has risen, from a thread of the sink's own. It may push. An exception that leaves it
    // is kept for sink::close or sink::callback_exception.
    sink_builder &on_durable(std::function<void(std::uint64_t)> callback) {
        const bool is_set = static_cast<bool>(callback);
        callbacks().durable = std::move(callback);
        return asked(vecsink_sink_builder_on_durable, is_set ? detail::callbacks::on_durable : nullptr,
                     static_cast<void *>(&callbacks()));
    }

    // Told of each row that was accepted and then could not be stored, before on_durable is told of a number above it; from the
    // same thread. sink::durable and sink::wait_durable may pass the row a moment earlier.
    sink_builder &on_rejected(std::function<void(const rejected &)> callback) {
        const bool is_set = static_cast<bool>(callback);
        callbacks().refused = std::move(callback);
        return asked(vecsink_sink_builder_on_rejected, is_set ? detail::callbacks::on_rejected : nullptr,
                     static_cast<void *>(&callbacks()));
    }

    // Connects and starts the sink. A builder can be opened once, whatever came of it.
    [[nodiscard]] sink open() {
        vecsink_sink *opened = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_sink_builder_open(get(), &opened, &failure), failure);
        return sink(opened, std::move(callbacks_));
    }

    // The C handle, which stays this object's.
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

    // A negative time is none.
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
