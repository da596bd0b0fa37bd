// The library's log.
#ifndef VECSINK_LOG_HPP
#define VECSINK_LOG_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "../vecsink.h"
#include "error.hpp"

namespace vecsink {

enum class log_level : std::int32_t {
    off = VECSINK_LOG_OFF,
    error = VECSINK_LOG_ERROR,
    warn = VECSINK_LOG_WARN,
    info = VECSINK_LOG_INFO,
    debug = VECSINK_LOG_DEBUG,
    trace = VECSINK_LOG_TRACE
};

using log_callback = std::function<void(log_level, std::string_view)>;

namespace detail {

struct log_state {
    std::mutex mutex;
    std::unique_ptr<log_callback> callback;
};

// Never destroyed, because threads of the library may log until the process has ended.
inline log_state &logging() {
    static log_state *const state = new log_state;
    return *state;
}

inline void log_line(void *callback, std::int32_t level, const char *message, std::size_t length) noexcept {
    try {
        (*static_cast<log_callback *>(callback))(static_cast<log_level>(level), std::string_view(message, length));
    } catch (...) {
        // An exception of the callback is dropped: there is no caller that could get it.
    }
}

} // namespace detail

// Sets the function that gets the log lines of this process, up to a level. With an empty function there is no log. Any thread of
// the library may call it, several at once. When this returns, the former function isn't running any more, and is destroyed.
inline void set_log(log_level level, log_callback callback) {
    detail::log_state &state = detail::logging();
    const std::lock_guard lock(state.mutex);
    auto next = callback ? std::make_unique<log_callback>(std::move(callback)) : nullptr;
    vecsink_error *failure = nullptr;
    detail::check(vecsink_log_set(static_cast<std::int32_t>(level), next ? detail::log_line : nullptr, next.get(), &failure), failure);
    state.callback = std::move(next);
}

} // namespace vecsink

#endif // VECSINK_LOG_HPP
