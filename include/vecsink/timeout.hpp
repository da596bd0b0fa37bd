// How long a call may wait.
#ifndef VECSINK_TIMEOUT_HPP
#define VECSINK_TIMEOUT_HPP

#include <chrono>
#include <cstdint>

namespace vecsink {

// Any std::chrono duration, rounded up to milliseconds. With a duration of 0 or less a call doesn't wait; with one of centuries it
// waits for ever.
class timeout {
  public:
    template <class Rep, class Period>
    constexpr timeout(std::chrono::duration<Rep, Period> duration) : milliseconds_(counted(duration)) {}

    [[nodiscard]] static constexpr timeout forever() noexcept { return timeout(-1); }
    [[nodiscard]] static constexpr timeout none() noexcept { return timeout(0); }

    // The time-out for a C function, where a number less than 0 means for ever.
    [[nodiscard]] constexpr std::int64_t milliseconds() const noexcept { return milliseconds_; }

  private:
    constexpr explicit timeout(std::int64_t milliseconds) noexcept : milliseconds_(milliseconds) {}

    template <class Duration> static constexpr std::int64_t counted(Duration duration) {
        using std::chrono::ceil;
        // The comparison is in floating point, so that no unit overflows.
        const double seconds = std::chrono::duration<double>(duration).count();
        if (seconds > 1e10) return -1;
        return seconds > 0 ? static_cast<std::int64_t>(ceil<std::chrono::milliseconds>(duration).count()) : 0;
    }

    std::int64_t milliseconds_;
};

} // namespace vecsink

#endif // VECSINK_TIMEOUT_HPP
