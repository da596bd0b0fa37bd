// Jobs in the background.
#ifndef VECSINK_PIPELINE_HPP
#define VECSINK_PIPELINE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "../vecsink.h"
#include "error.hpp"
#include "timeout.hpp"

namespace vecsink {

// A running job. All functions may be called from any number of threads at once, except moving, assigning and destroying. One
// that is destroyed while it runs is abandoned: nothing is lost, it is read again at the next start.
class pipeline {
  public:
    // Without a job: everything throws.
    pipeline() noexcept = default;

    // Takes a C handle over.
    explicit pipeline(vecsink_pipeline *handle) noexcept : handle_(handle) {}

    // Waits for the job's end; throws why it failed.
    void wait() const {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_wait(get(), -1, &failure), failure);
    }
    // Whether it has ended (well).
    [[nodiscard]] bool wait_for(timeout longest) const {
        vecsink_error *failure = nullptr;
        const auto code = vecsink_pipeline_wait(get(), longest.milliseconds(), &failure);
        return detail::in_time(code, failure);
    }

    [[nodiscard]] vecsink_stats stats() const {
        vecsink_stats filled{};
        filled.size = sizeof filled;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_stats(get(), &filled, &failure), failure);
        return filled;
    }

    // Reads nothing more, writes what was read, stores the progress and ends. errc::stopped when that took longer than the
    // deadline: the rest is read again at the next start.
    vecsink_stats stop(timeout deadline) {
        vecsink_stats last{};
        last.size = sizeof last;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_stop(get(), deadline.milliseconds(), &last, &failure), failure);
        return last;
    }

    [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

    // The C handle, which stays this object's.
    [[nodiscard]] vecsink_pipeline *get() const noexcept { return handle_.get(); }

  private:
    detail::handle<vecsink_pipeline, vecsink_pipeline_free> handle_;
};

// A job that is about to be started. For one thread at a time.
class pipeline_builder {
  public:
    // The job of Flink SQL statements, the same that `vecsink run` takes from a file.
    [[nodiscard]] static pipeline_builder from_sql(std::string_view sql) {
        vecsink_pipeline_builder *made = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_new(detail::c_string(sql), &made, &failure), failure);
        return pipeline_builder(made);
    }

    // A Kafka topic into a table, "schema.table", of the database at a URL: add columns and options.
    [[nodiscard]] static pipeline_builder attach(std::string_view url, std::string_view table) {
        vecsink_pipeline_builder *made = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_attach(detail::c_string(url), detail::c_string(table), &made, &failure), failure);
        return pipeline_builder(made);
    }

    // A column of the messages and of the table, with its Flink SQL type, "BIGINT" or "ARRAY<FLOAT>". Attached topics only.
    pipeline_builder &column(std::string_view name, std::string_view flink_type) {
        return asked(vecsink_pipeline_builder_column, detail::c_string(name), detail::c_string(flink_type));
    }

    // "topic", "properties.bootstrap.servers", "format", "scan.startup.mode" … Attached topics only.
    pipeline_builder &source_option(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_source_option, detail::c_string(name), detail::c_string(value));
    }

    // "conflictmode", "deadletter" … Attached topics only.
    pipeline_builder &sink_option(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_sink_option, detail::c_string(name), detail::c_string(value));
    }

    // Sets an option of a table of the SQL, whatever the statements say.
    pipeline_builder &option(std::string_view table, std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_option, detail::c_string(table), detail::c_string(name), detail::c_string(value));
    }

    // The name under which progress is kept, unless the statements give one.
    pipeline_builder &name(std::string_view name) { return asked(vecsink_pipeline_builder_name, detail::c_string(name)); }

    // What ${name} stands for in option values. What isn't given is taken from the environment.
    pipeline_builder &variable(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_variable, detail::c_string(name), detail::c_string(value));
    }

    // Bytes of rows between reading and COMMIT.
    pipeline_builder &buffer_memory(std::size_t bytes) { return asked(vecsink_pipeline_builder_buffer_memory, bytes); }

    // How long the database may be away before the job fails.
    pipeline_builder &max_outage(std::chrono::milliseconds longest) {
        const auto count = longest.count();
        return asked(vecsink_pipeline_builder_max_outage, count < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(count));
    }

    // Whether to start by the startup mode, whatever progress is stored.
    pipeline_builder &fresh(bool fresh = true) { return asked(vecsink_pipeline_builder_fresh, fresh); }

    // Checks the job, connects and starts it on threads of the library. errc::config has everything that is wrong with it, one a
    // line. May be called again, which makes a job of its own.
    [[nodiscard]] pipeline start() {
        vecsink_pipeline *started = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_start(get(), &started, &failure), failure);
        return pipeline(started);
    }

    // The C handle, which stays this object's.
    [[nodiscard]] vecsink_pipeline_builder *get() const noexcept { return handle_.get(); }

  private:
    explicit pipeline_builder(vecsink_pipeline_builder *handle) noexcept : handle_(handle) {}

    template <class Call, class... T> pipeline_builder &asked(Call call, const T &...arguments) {
        vecsink_error *failure = nullptr;
        detail::check(call(get(), arguments..., &failure), failure);
        return *this;
    }

    detail::handle<vecsink_pipeline_builder, vecsink_pipeline_builder_free> handle_;
};

} // namespace vecsink

#endif // VECSINK_PIPELINE_HPP
