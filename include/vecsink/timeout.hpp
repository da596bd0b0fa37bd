// How long a call may wait.
#ifndef VECSINK_TIMEOUT_HPP
#define VECSINK_TIMEOUT_HPP

#include <chrono>
#include <cstdint>

namespace vecsink {

// Any std::chrono duration, rounded up to milliseconds. One that is 0 or less doesn't wait; one of centuries waits for ever.
class timeout {
  public:
    template <class Rep, class Period>
    constexpr timeout(std::chrono::duration<Rep, Period> duration) : milliseconds_(counted(duration)) {}

    [[nodiscard]] static constexpr timeout forever() noexcept { return timeout(-1); }
    [[nodiscard]] static constexpr timeout none() noexcept { return timeout(0); }

    // As the C functions take it: less than 0 is for ever.
    [[nodiscard]] constexpr std::int64_t milliseconds() const noexcept { return milliseconds_; }

  private:
    constexpr explicit timeout(std::int64_t milliseconds) noexcept : milliseconds_(milliseconds) {}

    template <class Duration> static constexpr std::int64_t counted(Duration duration) {
        using std::chrono::ceil;
        // Compared in floating point, where no unit overflows another.
        const double seconds = std::chrono::duration<double>(duration).count();
        if (seconds > 1e10) return -1;
        return seconds > 0 ? static_cast<std::int64_t>(ceil<std::chrono::milliseconds>(duration).count()) : 0;
    }

    std::int64_t milliseconds_;
};

} // namespace vecsink

#endif // VECSINK_TIMEOUT_HPP
