// C++ types as values of a row.
#ifndef VECSINK_VALUE_HPP
#define VECSINK_VALUE_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "../vecsink.h"
#include "span.hpp"

namespace vecsink {

// Days since 1970-01-01.
struct date {
    std::int32_t days;
};

// A time of day, counted from midnight.
struct time_of_day {
    std::chrono::nanoseconds since_midnight;
};

// A date and time without a zone, counted from 1970-01-01 00:00:00.
struct timestamp {
    std::chrono::microseconds since_1970;
};

// high * 2^64 + low, with `scale` digits after the decimal point.
struct decimal {
    std::int64_t high;
    std::uint64_t low;
    std::uint32_t scale;

    // 12.34 is of(1234, 2).
    [[nodiscard]] static constexpr decimal of(std::int64_t unscaled, std::uint32_t scale) noexcept {
        return {unscaled < 0 ? -1 : 0, static_cast<std::uint64_t>(unscaled), scale};
    }
};

// A vector of IEEE half precision, 16 bits for each element.
struct halves {
    span<const std::uint16_t> bits;
};

// An array whose elements aren't the numbers of a vector: texts, arrays … It is made of C values, which must live as long
// as the push.
struct array {
    span<const vecsink_value> elements;
};

// How a type becomes a value. A specialization has a function `static vecsink_value make(const T &)`. Memory that the value points
// to must live as long as the T. You may add specializations for your own types.
template <class T, class = void> struct as_value;

namespace detail {

template <class T, class = void> struct has_value : std::false_type {};
template <class T>
struct has_value<T, std::void_t<decltype(as_value<remove_cvref<T>>::make(std::declval<const remove_cvref<T> &>()))>>
    : std::true_type {};

template <class T> inline constexpr bool is_character_v =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>
#ifdef __cpp_char8_t
    || std::is_same_v<T, char8_t>
#endif
    ;

template <class T> inline constexpr bool is_number_v = std::is_integral_v<T> && !std::is_same_v<T, bool> && !is_character_v<T>;

template <class T> inline constexpr bool is_utf8_v = std::is_same_v<T, char>
#ifdef __cpp_char8_t
                                                     || std::is_same_v<T, char8_t>
#endif
    ;

template <class C, bool = is_contiguous_v<C>> struct element { using type = void; };
template <class C> struct element<C, true> { using type = std::remove_cv_t<element_of<C>>; };
template <class C> using element_t = typename element<const C>::type;

// std::string and std::string_view, with any traits and allocator. Not a vector of char, which might be meant as bytes.
template <class T, bool = is_utf8_v<element_t<T>> && !std::is_array_v<T>> inline constexpr bool is_text_v = false;
template <class T> inline constexpr bool is_text_v<T, true> =
    std::is_convertible_v<const T &, std::basic_string_view<element_t<T>>>;

template <class T> inline constexpr bool is_element_v =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::byte> || std::is_same_v<T, std::uint8_t>;

} // namespace detail

// Whether a value can be made of a T.
template <class T> inline constexpr bool is_value_v = detail::has_value<T>::value;

template <class T> [[nodiscard]] vecsink_value to_value(const T &from) {
    static_assert(is_value_v<T>, "vecsink: no value can be made of this type. Texts are UTF-8 (std::string, std::string_view, "
                                 "const char *); a vector or bytes need their length (std::vector, vecsink::span, …); "
                                 "see vecsink/value.hpp");
    return as_value<T>::make(from);
}

template <> struct as_value<vecsink_value> {
    static vecsink_value make(const vecsink_value &value) noexcept { return value; }
};

template <> struct as_value<std::nullptr_t> {
    static vecsink_value make(std::nullptr_t) noexcept { return vecsink_null(); }
};

template <> struct as_value<std::nullopt_t> {
    static vecsink_value make(std::nullopt_t) noexcept { return vecsink_null(); }
};

template <class T> struct as_value<std::optional<T>, std::enable_if_t<is_value_v<T>>> {
    static vecsink_value make(const std::optional<T> &value) { return value ? to_value(*value) : vecsink_null(); }
};

template <> struct as_value<bool> {
    static vecsink_value make(bool value) noexcept { return vecsink_bool(value); }
};

template <class T> struct as_value<T, std::enable_if_t<detail::is_number_v<T>>> {
    static_assert(sizeof(T) <= sizeof(std::int64_t), "vecsink: integers have 64 bits at most; see vecsink::decimal");
    static vecsink_value make(T value) noexcept {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::int64_t)) {
            if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) return vecsink_decimal_of(0, value, 0);
        }
        return vecsink_i64(static_cast<std::int64_t>(value));
    }
};

template <> struct as_value<float> {
    static vecsink_value make(float value) noexcept { return vecsink_f32(value); }
};

template <> struct as_value<double> {
    static vecsink_value make(double value) noexcept { return vecsink_f64(value); }
};

template <> struct as_value<decimal> {
    static vecsink_value make(const decimal &value) noexcept { return vecsink_decimal_of(value.high, value.low, value.scale); }
};

// ---- texts, bytes, vectors ----

// A NULL pointer is NULL.
template <> struct as_value<const char *> {
    static vecsink_value make(const char *text) noexcept { return vecsink_text(text); }
};
template <> struct as_value<char *> : as_value<const char *> {};

#ifdef __cpp_char8_t
template <> struct as_value<const char8_t *> {
    static vecsink_value make(const char8_t *text) noexcept { return vecsink_text(reinterpret_cast<const char *>(text)); }
};
#endif

// A literal or a buffer. The text ends at its first NUL.
template <class C, std::size_t N> struct as_value<C[N], std::enable_if_t<detail::is_utf8_v<C>>> {
    static vecsink_value make(const C (&text)[N]) noexcept {
        const void *end = std::memchr(text, 0, N);
        const std::size_t length = end == nullptr ? N : static_cast<std::size_t>(static_cast<const C *>(end) - text);
        return vecsink_str(reinterpret_cast<const char *>(text), length);
    }
};

template <class T> struct as_value<T, std::enable_if_t<detail::is_text_v<T>>> {
    static vecsink_value make(const T &value) noexcept {
        const std::basic_string_view<detail::element_t<T>> text = value;
        return vecsink_str(reinterpret_cast<const char *>(text.data()), text.size());
    }
};

// Anything with data() and size(). Elements of float or double make a vector, std::byte and std::uint8_t make bytes.
template <class T>
struct as_value<T, std::enable_if_t<detail::is_contiguous_v<const T> && detail::is_element_v<detail::element_t<T>>>> {
    static vecsink_value make(const T &value) noexcept {
        const auto *data = std::data(value);
        const auto size = static_cast<std::size_t>(std::size(value));
        if constexpr (std::is_same_v<detail::element_t<T>, float>) {
            return vecsink_vector_f32(data, size);
        } else if constexpr (std::is_same_v<detail::element_t<T>, double>) {
            return vecsink_vector_f64(data, size);
        } else {
            return vecsink_bytes(data, size);
        }
    }
};

template <> struct as_value<halves> {
    static vecsink_value make(const halves &value) noexcept { return vecsink_vector_f16(value.bits.data(), value.bits.size()); }
};

template <> struct as_value<array> {
    static vecsink_value make(const array &value) noexcept { return vecsink_array(value.elements.data(), value.elements.size()); }
};

// ---- times ----

namespace detail {

using days = std::chrono::duration<std::int64_t, std::ratio<86400>>;

template <class Duration> vecsink_value split(Duration since, vecsink_value (*make)(std::int64_t, std::uint32_t)) noexcept {
    using std::chrono::duration_cast;
    const auto seconds = std::chrono::floor<std::chrono::duration<std::int64_t>>(since);
    const auto rest = duration_cast<std::chrono::nanoseconds>(since - seconds).count();
    return make(seconds.count(), static_cast<std::uint32_t>(rest));
}

} // namespace detail

template <> struct as_value<date> {
    static vecsink_value make(date value) noexcept { return vecsink_date(value.days); }
};

template <> struct as_value<time_of_day> {
    static vecsink_value make(time_of_day value) noexcept { return vecsink_time(value.since_midnight.count()); }
};

template <> struct as_value<timestamp> {
    static vecsink_value make(timestamp value) noexcept { return detail::split(value.since_1970, vecsink_timestamp); }
};

// An instant, for timestamptz. A time point that counts days (std::chrono::sys_days) is a date.
template <class Duration> struct as_value<std::chrono::time_point<std::chrono::system_clock, Duration>> {
    static vecsink_value make(std::chrono::time_point<std::chrono::system_clock, Duration> value) noexcept {
        if constexpr (std::is_same_v<typename Duration::period, detail::days::period>) {
            return vecsink_date(static_cast<std::int32_t>(value.time_since_epoch().count()));
        } else {
            return detail::split(value.time_since_epoch(), vecsink_instant);
        }
    }
};

// The calendar types of C++20, which libstdc++ has since GCC 11.
#if __cplusplus >= 202002L && (__cpp_lib_chrono >= 201907L || _GLIBCXX_RELEASE >= 11)
template <class Duration> struct as_value<std::chrono::time_point<std::chrono::local_t, Duration>> {
    static vecsink_value make(std::chrono::time_point<std::chrono::local_t, Duration> value) noexcept {
        if constexpr (std::is_same_v<typename Duration::period, detail::days::period>) {
            return vecsink_date(static_cast<std::int32_t>(value.time_since_epoch().count()));
        } else {
            return detail::split(value.time_since_epoch(), vecsink_timestamp);
        }
    }
};

template <> struct as_value<std::chrono::year_month_day> {
    static vecsink_value make(std::chrono::year_month_day value) noexcept {
        return to_value(static_cast<std::chrono::sys_days>(value));
    }
};

template <class Duration> struct as_value<std::chrono::hh_mm_ss<Duration>> {
    static vecsink_value make(const std::chrono::hh_mm_ss<Duration> &value) noexcept {
        return vecsink_time(std::chrono::duration_cast<std::chrono::nanoseconds>(value.to_duration()).count());
    }
};
#endif

namespace detail {

// A row on the stack.
template <class... T> [[nodiscard]] std::array<vecsink_value, sizeof...(T)> values(const T &...from) {
    return {{to_value(from)...}};
}

} // namespace detail

} // namespace vecsink

#endif // VECSINK_VALUE_HPP
