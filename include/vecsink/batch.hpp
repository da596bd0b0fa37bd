// Columns of a batch.
#ifndef VECSINK_BATCH_HPP
#define VECSINK_BATCH_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

#include "../vecsink.h"
#include "error.hpp"
#include "span.hpp"
#include "value.hpp"

namespace vecsink {

// The unit in which a time is counted.
enum class unit : std::int32_t {
    second = VECSINK_SECOND,
    millisecond = VECSINK_MILLISECOND,
    microsecond = VECSINK_MICROSECOND,
    nanosecond = VECSINK_NANOSECOND
};

// A bit for each row, the lowest bit of a byte first. The first row's bit is at position `offset`.
struct bitmap {
    span<const std::uint8_t> bytes;
    std::size_t offset = 0;
};

namespace detail {

// The column type of elements that the library can read in place. Empty for other elements.
template <class T> constexpr std::optional<vecsink_column_type> column_type() {
    if constexpr (std::is_same_v<T, bool>) {
        return sizeof(bool) == 1 ? std::optional(VECSINK_COLUMN_BOOL) : std::nullopt;
    } else if constexpr (is_number_v<T> && sizeof(T) <= 8) {
        constexpr bool is_signed = std::is_signed_v<T>;
        switch (sizeof(T)) {
        case 1: return is_signed ? VECSINK_COLUMN_I8 : VECSINK_COLUMN_U8;
        case 2: return is_signed ? VECSINK_COLUMN_I16 : VECSINK_COLUMN_U16;
        case 4: return is_signed ? VECSINK_COLUMN_I32 : VECSINK_COLUMN_U32;
        default: return is_signed ? VECSINK_COLUMN_I64 : VECSINK_COLUMN_U64;
        }
    } else if constexpr (std::is_same_v<T, float>) {
        return VECSINK_COLUMN_F32;
    } else if constexpr (std::is_same_v<T, double>) {
        return VECSINK_COLUMN_F64;
    } else if constexpr (std::is_same_v<T, const char *> || std::is_same_v<T, char *>) {
        return VECSINK_COLUMN_STR_POINTERS;
    } else {
        return std::nullopt;
    }
}

// Whether an argument lives longer than the call, so that it may be borrowed: a variable, or a view of one.
template <class R> inline constexpr bool is_view_v = is_span<remove_cvref<R>>::value;
template <class C, class T> inline constexpr bool is_view_v<std::basic_string_view<C, T>> = true;
#ifdef __cpp_lib_span
template <class T, std::size_t N> inline constexpr bool is_view_v<std::span<T, N>> = true;
#endif
template <class R> inline constexpr bool is_lasting_v = std::is_lvalue_reference_v<R> || is_view_v<remove_cvref<R>>;

} // namespace detail

// Columns for sink::push_batch, all with the same number of rows. A batch only points to its columns: they must live, unchanged,
// until the batch was pushed for the last time (a temporary doesn't compile). A batch can be pushed any number of times, also from
// several threads.
class batch {
  public:
    batch() = default;
    batch(batch &&) noexcept = default;
    batch &operator=(batch &&) noexcept = default;

    // A value for each row: a vector, array or span of any type that a row takes. Numbers, bools and const char * are read in
    // place. For values of other types (std::string, std::optional<…>, std::vector<float>, time points …) the batch makes a list of
    // pointers to them, without copying their contents.
    template <class R> batch &column(std::string_view name, R &&values) {
        const auto view = borrowed<R>(values);
        using T = std::remove_cv_t<typename decltype(view)::element_type>;
        if constexpr (detail::column_type<T>()) {
            return typed(name, *detail::column_type<T>(), view, view.size());
        } else {
            return made_of(name, view.size(), [&](std::size_t row) { return to_value(view[row]); });
        }
    }

    // A member of each element: batch.column("id", items, &item::id).
    template <class R, class S, class T> batch &column(std::string_view name, R &&items, T S::*member) {
        const auto view = borrowed<R>(items);
        static_assert(std::is_same_v<std::remove_cv_t<typename decltype(view)::element_type>, S>,
                      "vecsink: the member is one of another type than the elements");
        if constexpr (detail::column_type<T>() && sizeof(S) % sizeof(T) == 0) {
            vecsink_column column = empty(*detail::column_type<T>());
            column.stride = sizeof(S) / sizeof(T);
            column.data = view.empty() ? nullptr : &(view[0].*member);
            column.length = view.empty() ? 0 : (view.size() - 1) * column.stride + 1;
            return add(name, column, view.size());
        } else {
            return made_of(name, view.size(), [&](std::size_t row) { return to_value(view[row].*member); });
        }
    }

    // A row-major matrix of float, double or halves. A row has `dimension` elements, and the rows begin `stride` elements apart. A
    // stride of 0 means that the rows follow one another without a gap.
    template <class R> batch &matrix(std::string_view name, R &&elements, std::size_t dimension, std::size_t stride = 0) {
        if constexpr (std::is_same_v<detail::remove_cvref<R>, halves>) {
            return rectangle(name, VECSINK_COLUMN_MATRIX_F16, elements.bits, dimension, stride);
        } else {
            const auto view = borrowed<R>(elements);
            using T = std::remove_cv_t<typename decltype(view)::element_type>;
            static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                          "vecsink: a matrix has elements of float, double or vecsink::halves");
            constexpr auto type = std::is_same_v<T, float> ? VECSINK_COLUMN_MATRIX_F32 : VECSINK_COLUMN_MATRIX_F64;
            return rectangle(name, type, view, dimension, stride);
        }
    }

    // Vectors of any length that follow one another without a gap. A row's vector begins at its offset, in elements, and
    // ends at the next offset. There is one offset (int32_t or int64_t) more than there are rows.
    template <class R, class O> batch &lists(std::string_view name, R &&elements, O &&offsets) {
        if constexpr (std::is_same_v<detail::remove_cvref<R>, halves>) {
            return parts(name, VECSINK_COLUMN_LISTS_F16, elements.bits, borrowed<O>(offsets));
        } else {
            const auto view = borrowed<R>(elements);
            using T = std::remove_cv_t<typename decltype(view)::element_type>;
            static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                          "vecsink: lists have elements of float, double or vecsink::halves");
            constexpr auto type = std::is_same_v<T, float> ? VECSINK_COLUMN_LISTS_F32 : VECSINK_COLUMN_LISTS_F64;
            return parts(name, type, view, borrowed<O>(offsets));
        }
    }

    // UTF-8 texts that follow one another without a gap. The offsets are in bytes.
    template <class R, class O> batch &texts(std::string_view name, R &&characters, O &&offsets) {
        return parts(name, VECSINK_COLUMN_STR, bytes_of(borrowed<R>(characters)), borrowed<O>(offsets));
    }

    // Values of bytes that follow one another without a gap. The offsets are in bytes.
    template <class R, class O> batch &binary(std::string_view name, R &&bytes, O &&offsets) {
        return parts(name, VECSINK_COLUMN_BYTES, bytes_of(borrowed<R>(bytes)), borrowed<O>(offsets));
    }

    // Booleans as bits, one for each of `rows` rows.
    batch &bits(std::string_view name, bitmap bits, std::size_t rows) {
        vecsink_column column = empty(VECSINK_COLUMN_BITS);
        column.data = bits.bytes.data();
        column.length = bits.bytes.size() * 8;
        column.bit_offset = bits.offset;
        return add(name, column, rows);
    }

    // Dates: days since 1970-01-01 as int32_t.
    template <class R> batch &dates(std::string_view name, R &&days) {
        const auto view = borrowed<R>(days);
        static_assert(sizeof(*view.data()) == sizeof(std::int32_t) && std::is_integral_v<detail::element_t<R>>,
                      "vecsink: dates are counts of int32_t");
        return typed(name, VECSINK_COLUMN_DATE, view, view.size());
    }

    // Times of day, counted from midnight as int64_t.
    template <class R> batch &times(std::string_view name, R &&counts, unit of) {
        return counted(name, VECSINK_COLUMN_TIME, borrowed<R>(counts), of);
    }

    // Dates and times without a zone, counted from 1970-01-01 00:00:00 as int64_t.
    template <class R> batch &timestamps(std::string_view name, R &&counts, unit of) {
        return counted(name, VECSINK_COLUMN_TIMESTAMP, borrowed<R>(counts), of);
    }

    // Instants, counted from 1970-01-01 00:00:00 UTC as int64_t.
    template <class R> batch &instants(std::string_view name, R &&counts, unit of) {
        return counted(name, VECSINK_COLUMN_INSTANT, borrowed<R>(counts), of);
    }

    // NULL in every row.
    batch &nulls(std::string_view name) {
        columns_.push_back(named(name, empty(VECSINK_COLUMN_NULL)));
        return *this;
    }

    // Says which rows of the column that was added last have a value: a bit of 0 means NULL. The bits are borrowed, too.
    batch &nullable(bitmap valid) {
        if (valid.bytes.size() * 8 < valid.offset + rows()) {
            throw error(errc::shape, std::string("column ") + last().name + ": its validity has fewer bits than rows");
        }
        last().validity = valid.bytes.data();
        last().validity_offset = valid.offset;
        return *this;
    }

    // The same with a bool for each row (std::vector<bool>, std::array<bool, N> …). The batch copies them into bits.
    template <class R, class = decltype(static_cast<bool>(*std::begin(std::declval<const R &>())))>
    batch &nullable(const R &valid) {
        static_assert(std::is_same_v<detail::remove_cvref<decltype(*std::begin(valid))>, bool>,
                      "vecsink: a bool for each row, or a vecsink::bitmap");
        std::vector<std::uint8_t> bits((rows() + 7) / 8);
        std::size_t row = 0;
        for (const bool is_there : valid) {
            if (row < rows() && is_there) bits[row / 8] = static_cast<std::uint8_t>(bits[row / 8] | (1U << row % 8));
            ++row;
        }
        if (row != rows()) throw of_rows(last().name, row);
        masks_.push_front(std::move(bits));
        return nullable(bitmap{masks_.front(), 0});
    }

    // A column as a struct of the C interface, which has some features that the functions above don't have. Its name is
    // borrowed, too.
    batch &add(const vecsink_column &column, std::size_t rows) {
        agree(column.name == nullptr ? "without a name" : column.name, rows);
        columns_.push_back(column);
        return *this;
    }

    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

    // The columns as the C functions take them.
    [[nodiscard]] span<const vecsink_column> get() const noexcept { return columns_; }

    // Leaves out the first rows, such as those that were accepted before there was no more room.
    batch &remove_prefix(std::size_t rows);

    // Removes all columns.
    void clear() noexcept {
        columns_.clear();
        names_.clear();
        values_.clear();
        masks_.clear();
        rows_ = 0;
        is_sized_ = false;
    }

  private:
    template <class R> static auto borrowed(const detail::remove_cvref<R> &range) {
        static_assert(detail::is_lasting_v<R>, "vecsink: a batch only points to its columns; this one is a temporary that is gone "
                                               "before the batch is pushed. Give it a name");
        static_assert(detail::is_contiguous_v<const detail::remove_cvref<R>> && !std::is_void_v<detail::element_t<R>>,
                      "vecsink: a column is one piece of memory with data() and size(); of std::vector<bool> use a bitmap or bools");
        return span<const detail::element_t<R>>(range);
    }

    template <class T> static span<const std::uint8_t> bytes_of(span<const T> view) {
        static_assert(std::is_same_v<T, char> || std::is_same_v<T, unsigned char> || std::is_same_v<T, std::byte>
#ifdef __cpp_char8_t
                          || std::is_same_v<T, char8_t>
#endif
                      ,
                      "vecsink: these are no bytes");
        return {reinterpret_cast<const std::uint8_t *>(view.data()), view.size()};
    }

    static vecsink_column empty(vecsink_column_type type) noexcept {
        vecsink_column column{};
        column.type = type;
        return column;
    }

    template <class T> batch &typed(std::string_view name, vecsink_column_type type, span<const T> view, std::size_t rows) {
        vecsink_column column = empty(type);
        column.data = view.data();
        column.length = view.size();
        return add(name, column, rows);
    }

    template <class Make> batch &made_of(std::string_view name, std::size_t rows, Make make) {
        std::vector<vecsink_value> values;
        values.reserve(rows);
        for (std::size_t row = 0; row < rows; ++row) values.push_back(make(row));
        values_.push_front(std::move(values));
        return typed(name, VECSINK_COLUMN_VALUES, span<const vecsink_value>(values_.front()), rows);
    }

    template <class T>
    batch &rectangle(std::string_view name, vecsink_column_type type, span<const T> view, std::size_t dimension, std::size_t stride) {
        const std::size_t step = stride == 0 ? dimension : stride;
        // If the dimension is 0 or rows overlap, the push fails, and the library's error says why.
        const std::size_t rows = step == 0 ? 0 : (view.size() + step - dimension) / step;
        if (stride == 0 && rows * step != view.size()) {
            throw error(errc::shape, "column " + std::string(name) + ": " + std::to_string(view.size()) +
                                         " elements are no whole rows of " + std::to_string(dimension));
        }
        vecsink_column column = empty(type);
        column.data = view.data();
        column.length = view.size();
        column.dimension = dimension;
        column.stride = stride;
        return add(name, column, rows);
    }

    template <class T, class O>
    batch &parts(std::string_view name, vecsink_column_type type, span<const T> view, span<const O> offsets) {
        static_assert(std::is_integral_v<O> && std::is_signed_v<O> && (sizeof(O) == 4 || sizeof(O) == 8),
                      "vecsink: offsets are int32_t or int64_t");
        if (offsets.empty()) throw error(errc::shape, "column " + std::string(name) + ": there is one offset more than rows, not none");
        vecsink_column column = empty(type);
        column.data = view.data();
        column.length = view.size();
        column.offsets = offsets.data();
        column.offset_bits = sizeof(O) * 8;
        return add(name, column, offsets.size() - 1);
    }

    template <class T> batch &counted(std::string_view name, vecsink_column_type type, span<const T> view, unit of) {
        static_assert(std::is_integral_v<T> && std::is_signed_v<T> && sizeof(T) == 8, "vecsink: times are counts of int64_t");
        vecsink_column column = empty(type);
        column.data = view.data();
        column.length = view.size();
        column.unit = static_cast<std::int32_t>(of);
        return add(name, column, view.size());
    }

    batch &add(std::string_view name, const vecsink_column &column, std::size_t rows) {
        agree(name, rows);
        columns_.push_back(named(name, column));
        return *this;
    }

    vecsink_column named(std::string_view name, vecsink_column column) {
        if (name.find('\0') != std::string_view::npos) throw error(errc::invalid_argument, "a column's name holds a NUL");
        names_.emplace_front(name);
        column.name = names_.front().c_str();
        return column;
    }

    void agree(std::string_view name, std::size_t rows) {
        if (is_sized_ && rows_ != rows) throw of_rows(name, rows);
        rows_ = rows;
        is_sized_ = true;
    }

    [[nodiscard]] error of_rows(std::string_view name, std::size_t rows) const {
        return error(errc::shape, "column " + std::string(name) + " has " + std::to_string(rows) + " rows, the batch " +
                                      std::to_string(this->rows()));
    }

    vecsink_column &last() {
        if (columns_.empty()) throw error(errc::shape, "there is no column yet whose rows could be NULL");
        return columns_.back();
    }

    std::vector<vecsink_column> columns_;
    // Lists and not vectors, because columns point to the elements, which must stay at their addresses.
    std::forward_list<std::string> names_;
    std::forward_list<std::vector<vecsink_value>> values_;
    std::forward_list<std::vector<std::uint8_t>> masks_;
    std::size_t rows_ = 0;
    // Whether a column has set the number of rows.
    bool is_sized_ = false;
};

namespace detail {

// The size of an element of a column's data, in bytes.
inline std::size_t element_size(vecsink_column_type type) noexcept {
    switch (type) {
    case VECSINK_COLUMN_BOOL: case VECSINK_COLUMN_I8: case VECSINK_COLUMN_U8: return 1;
    case VECSINK_COLUMN_I16: case VECSINK_COLUMN_U16: case VECSINK_COLUMN_F16: case VECSINK_COLUMN_MATRIX_F16: return 2;
    case VECSINK_COLUMN_I32: case VECSINK_COLUMN_U32: case VECSINK_COLUMN_F32: case VECSINK_COLUMN_DATE:
    case VECSINK_COLUMN_MATRIX_F32: return 4;
    case VECSINK_COLUMN_DECIMAL128: return 16;
    case VECSINK_COLUMN_STR_POINTERS: return sizeof(const char *);
    case VECSINK_COLUMN_VALUES: return sizeof(vecsink_value);
    default: return 8;
    }
}

// Leaves out a column's first rows.
inline void remove_prefix(vecsink_column &column, std::size_t rows) noexcept {
    if (column.validity != nullptr) column.validity_offset += rows;
    if (column.offset_bits != 0) {
        column.offsets = static_cast<const char *>(column.offsets) + rows * static_cast<std::size_t>(column.offset_bits / 8);
    } else if (column.type == VECSINK_COLUMN_BITS) {
        column.bit_offset += rows;
    } else if (column.data != nullptr) {
        const std::size_t part = column.dimension == 0 ? 1 : column.dimension;
        const std::size_t gone = std::min(rows * (column.stride == 0 ? part : column.stride), column.length);
        column.data = static_cast<const char *>(column.data) + gone * element_size(column.type);
        column.length -= gone;
    }
}

} // namespace detail

inline batch &batch::remove_prefix(std::size_t rows) {
    if (rows > this->rows()) throw of_rows("to be left out", rows);
    for (vecsink_column &column : columns_) detail::remove_prefix(column, rows);
    rows_ -= rows;
    return *this;
}

} // namespace vecsink

#endif // VECSINK_BATCH_HPP
