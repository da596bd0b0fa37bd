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

// A running job. All functions may be called from any number of threads at once, except moving, assigning and destroying. A job
// that is destroyed while it runs is abandoned. Nothing is lost, because rows that aren't written are read again at the next start.
class pipeline {
  public:
    // An object without a job: all functions throw.
    pipeline() noexcept = default;

    // Takes over a C handle.
    explicit pipeline(vecsink_pipeline *handle) noexcept : handle_(handle) {}

    // Waits for the job's end. Throws the error if it failed.
    void wait() const {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_wait(get(), -1, &failure), failure);
    }
    // Waits for the job's end, but no longer than `longest`. Returns whether the job has ended. Throws the error if it failed.
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

    // Reads nothing more, writes the rows of what was read, stores the progress and ends. errc::stopped: this took longer than the
    // deadline, and the rest is read again at the next start.
    vecsink_stats stop(timeout deadline) {
        vecsink_stats last{};
        last.size = sizeof last;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_stop(get(), deadline.milliseconds(), &last, &failure), failure);
        return last;
    }

    [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

    // The C handle. This object goes on owning it.
    [[nodiscard]] vecsink_pipeline *get() const noexcept { return handle_.get(); }

  private:
    detail::handle<vecsink_pipeline, vecsink_pipeline_free> handle_;
};

// A job that is about to be started. It is for one thread at a time.
class pipeline_builder {
  public:
    // The job of these Flink SQL statements, which are those of a job file for `vecsink run`.
    [[nodiscard]] static pipeline_builder from_sql(std::string_view sql) {
        vecsink_pipeline_builder *made = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_new(detail::c_string(sql), &made, &failure), failure);
        return pipeline_builder(made);
    }

    // A job that reads a Kafka topic into a table, "schema.table", of the database at a URL. Add columns and options.
    [[nodiscard]] static pipeline_builder attach(std::string_view url, std::string_view table) {
        vecsink_pipeline_builder *made = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_attach(detail::c_string(url), detail::c_string(table), &made, &failure), failure);
        return pipeline_builder(made);
    }

    // A column of the messages and of the table, with its Flink SQL type, such as "BIGINT" or "ARRAY<FLOAT>". Attached topics only.
    pipeline_builder &column(std::string_view name, std::string_view flink_type) {
        return asked(vecsink_pipeline_builder_column, detail::c_string(name), detail::c_string(flink_type));
    }

    // An option of the source: "topic", "properties.bootstrap.servers", "format", "scan.startup.mode" … Attached topics only.
    pipeline_builder &source_option(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_source_option, detail::c_string(name), detail::c_string(value));
    }

    // An option of the sink: "conflictmode", "deadletter" … Attached topics only.
    pipeline_builder &sink_option(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_sink_option, detail::c_string(name), detail::c_string(value));
    }

    // Sets an option of a table of the SQL. The value is used instead of the statements' own.
    pipeline_builder &option(std::string_view table, std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_option, detail::c_string(table), detail::c_string(name), detail::c_string(value));
    }

    // The name under which progress is stored, unless the statements give one.
    pipeline_builder &name(std::string_view name) { return asked(vecsink_pipeline_builder_name, detail::c_string(name)); }

    // The value of ${name} in option values. Names that are not set here are taken from the environment.
    pipeline_builder &variable(std::string_view name, std::string_view value) {
        return asked(vecsink_pipeline_builder_variable, detail::c_string(name), detail::c_string(value));
    }

    // The most bytes of rows between reading and COMMIT. It is used instead of the statements' 'buffer.memory'.
    pipeline_builder &buffer_memory(std::size_t bytes) { return asked(vecsink_pipeline_builder_buffer_memory, bytes); }

    // How long the database may be unreachable before the job fails.
    pipeline_builder &max_outage(std::chrono::milliseconds longest) {
        const auto count = longest.count();
        return asked(vecsink_pipeline_builder_max_outage, count < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(count));
    }

    // Whether to start by the startup mode, whatever progress is stored.
    pipeline_builder &fresh(bool fresh = true) { return asked(vecsink_pipeline_builder_fresh, fresh); }

    // Checks the job, connects and starts it on threads of the library. The message of errc::config has all errors in the
    // job, one on each line. It may be called more than once; each call makes another job.
    [[nodiscard]] pipeline start() {
        vecsink_pipeline *started = nullptr;
        vecsink_error *failure = nullptr;
        detail::check(vecsink_pipeline_builder_start(get(), &started, &failure), failure);
        return pipeline(started);
    }

    // The C handle. This object goes on owning it.
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
