// A row that is filled value by value.
#ifndef VECSINK_ROW_HPP
#define VECSINK_ROW_HPP

#include <cstddef>
#include <string_view>

#include "../vecsink.h"
#include "error.hpp"
#include "value.hpp"

namespace vecsink {

class sink;

// A row of NULLs for a sink's columns. Set its columns, push it with sink::push_row, and use it again. Values are copied
// into it. It is for one thread at a time, and may live longer than its sink.
class row {
  public:
    explicit row(const sink &of);

    // Sets the column with this index, counted from 0 in the sink's order.
    template <class T> row &set(std::size_t index, const T &from) {
        const vecsink_value value = to_value(from);
        vecsink_error *failure = nullptr;
        detail::check(vecsink_row_set(get(), index, &value, &failure), failure);
        return *this;
    }

    // Sets the column with this name.
    template <class T> row &set(std::string_view name, const T &from) {
        const vecsink_value value = to_value(from);
        vecsink_error *failure = nullptr;
        detail::check(vecsink_row_set_named(get(), detail::c_string(name), &value, &failure), failure);
        return *this;
    }

    // Sets all columns to NULL.
    row &clear() {
        vecsink_error *failure = nullptr;
        detail::check(vecsink_row_clear(get(), &failure), failure);
        return *this;
    }

    [[nodiscard]] vecsink_row *get() const noexcept { return handle_.get(); }

  private:
    detail::handle<vecsink_row, vecsink_row_free> handle_;
};

} // namespace vecsink

#endif // VECSINK_ROW_HPP
