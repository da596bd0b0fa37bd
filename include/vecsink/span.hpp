// A view of elements that follow one another in memory: the part of C++20's std::span that is needed here, for C++17.
#ifndef VECSINK_SPAN_HPP
#define VECSINK_SPAN_HPP

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace vecsink {

template <class T> class span;

namespace detail {

template <class T> using remove_cvref = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T> struct is_span : std::false_type {};
template <class T> struct is_span<span<T>> : std::true_type {};

// The type that a container's data() points to, such as `float` or `const float`.
template <class C> using element_of = std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>;

// Whether T has std::data and std::size, so that its elements are one piece of memory: vectors, arrays, C arrays, strings, spans.
template <class C, class = void> struct is_contiguous : std::false_type {};
template <class C>
struct is_contiguous<C, std::void_t<decltype(std::data(std::declval<C &>())), decltype(std::size(std::declval<C &>()))>>
    : std::true_type {};
template <class C> inline constexpr bool is_contiguous_v = is_contiguous<C>::value;

} // namespace detail

// Made from a pointer and a number of elements, and implicitly from anything that has data() and size().
template <class T> class span {
  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}

    template <class C,
              std::enable_if_t<!detail::is_span<detail::remove_cvref<C>>::value && !std::is_array_v<detail::remove_cvref<C>> &&
                                   detail::is_contiguous_v<C> &&
                                   std::is_convertible_v<detail::element_of<C> (*)[], T (*)[]>,
                               int> = 0>
    constexpr span(C &&container) noexcept : data_(std::data(container)), size_(static_cast<std::size_t>(std::size(container))) {}

    // span<T> to span<const T>.
    template <class U, std::enable_if_t<!std::is_same_v<U, T> && std::is_convertible_v<U (*)[], T (*)[]>, int> = 0>
    constexpr span(const span<U> &other) noexcept : data_(other.data()), size_(other.size()) {}

    [[nodiscard]] constexpr T *data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr T *begin() const noexcept { return data_; }
    [[nodiscard]] constexpr T *end() const noexcept { return data_ + size_; }
    [[nodiscard]] constexpr T &operator[](std::size_t index) const { return data_[index]; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

template <class T, std::size_t N> span(T (&)[N]) -> span<T>;
template <class T> span(T *, std::size_t) -> span<T>;
template <class C> span(C &&) -> span<detail::element_of<C>>;

} // namespace vecsink

#endif // VECSINK_SPAN_HPP
