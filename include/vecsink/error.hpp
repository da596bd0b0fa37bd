// The exception, and how errors of C calls become exceptions.
#ifndef VECSINK_ERROR_HPP
#define VECSINK_ERROR_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../vecsink.h"
#include "exceptions.hpp"

namespace vecsink {

// Why a call failed. A newer library may have more codes.
enum class errc : vecsink_code {
    ok = VECSINK_OK,
    invalid_argument = VECSINK_INVALID_ARGUMENT,
    invalid_handle = VECSINK_INVALID_HANDLE,
    invalid_utf8 = VECSINK_INVALID_UTF8,
    config = VECSINK_CONFIG,
    source = VECSINK_SOURCE,
    target = VECSINK_TARGET,
    strict = VECSINK_STRICT,
    dead_letter = VECSINK_DEAD_LETTER,
    stopped = VECSINK_STOPPED,
    not_durable = VECSINK_NOT_DURABLE,
    would_block = VECSINK_WOULD_BLOCK,
    timed_out = VECSINK_TIMED_OUT,
    rejected = VECSINK_REJECTED,
    shape = VECSINK_SHAPE,
    out_of_order = VECSINK_OUT_OF_ORDER,
    closed = VECSINK_CLOSED,
    failed = VECSINK_FAILED,
    fenced = VECSINK_FENCED,
    unsupported = VECSINK_UNSUPPORTED,
    forked = VECSINK_FORKED,
    in_callback = VECSINK_IN_CALLBACK,
    internal = VECSINK_INTERNAL,
    out_of_memory = VECSINK_OUT_OF_MEMORY
};

// The codes can be compared with those of the C header: `error.code() == VECSINK_TARGET`.
[[nodiscard]] constexpr bool operator==(errc left, vecsink_code right) noexcept { return left == static_cast<errc>(right); }
[[nodiscard]] constexpr bool operator==(vecsink_code left, errc right) noexcept { return right == left; }
[[nodiscard]] constexpr bool operator!=(errc left, vecsink_code right) noexcept { return !(left == right); }
[[nodiscard]] constexpr bool operator!=(vecsink_code left, errc right) noexcept { return !(left == right); }

// "VECSINK_TIMED_OUT".
[[nodiscard]] inline const char *name(errc code) noexcept { return vecsink_code_name(static_cast<vecsink_code>(code)); }

// Where it happened: the position of a record. For a pushed row the topic is "push:<stream>", the partition 0, and the offset is
// the row's number.
struct position {
    std::string_view topic;
    std::int32_t partition;
    std::int64_t offset;
};

// An error: what happened, where, and what to do. Views live as long as the error or a copy of it.
class error : public std::runtime_error {
  public:
    // Takes the error object of a C call, or NULL.
    error(vecsink_code code, vecsink_error *object)
        : error(static_cast<errc>(code), std::shared_ptr<vecsink_error>(object, vecsink_error_free)) {}

    // An error that is found before the library is called.
    error(errc code, const std::string &message) : std::runtime_error(message), code_(code) {}

    [[nodiscard]] errc code() const noexcept { return code_; }
    [[nodiscard]] std::string_view message() const noexcept { return what(); }

    // The SQLSTATE of the database, such as "23505". If the library refused something itself, it is the SQLSTATE that the database
    // would have given. Empty if there is none.
    [[nodiscard]] std::string_view sqlstate() const noexcept { return text(vecsink_error_sqlstate(get())); }

    // The column whose value was refused, or empty.
    [[nodiscard]] std::string_view column() const noexcept { return text(vecsink_error_column(get())); }

    [[nodiscard]] std::optional<vecsink::position> position() const noexcept {
        const char *topic = nullptr;
        vecsink::position found{};
        if (!vecsink_error_position(get(), &topic, &found.partition, &found.offset)) return std::nullopt;
        found.topic = text(topic);
        return found;
    }

    // Whether the same call may succeed later on.
    [[nodiscard]] bool retryable() const noexcept { return vecsink_error_is_retryable(get()); }

    // Whether rows that were accepted before may or may not be in the database.
    [[nodiscard]] bool in_doubt() const noexcept { return vecsink_error_is_in_doubt(get()); }

    // For a batch: how many of its first rows were accepted before the error.
    [[nodiscard]] std::size_t accepted() const noexcept { return vecsink_error_accepted(get()); }

    // The C object; NULL if the library wasn't called.
    [[nodiscard]] const vecsink_error *get() const noexcept { return object_.get(); }

  private:
    error(errc code, std::shared_ptr<vecsink_error> object)
        : std::runtime_error(object ? vecsink_error_message(object.get()) : vecsink::name(code)), code_(code),
          object_(std::move(object)) {}

    static std::string_view text(const char *text) noexcept { return text == nullptr ? std::string_view() : text; }

    errc code_;
    std::shared_ptr<vecsink_error> object_;
};

namespace detail {

// Throws unless the call was successful. `failure` is a reference, because `check(call(…, &failure), failure)` may evaluate
// it before the call.
inline void check(vecsink_code code, vecsink_error *const &object) {
    if (code != VECSINK_OK) throw error(code, object);
}

// Returns false if there was no room, or none in time. Throws for any other error.
[[nodiscard]] inline bool in_time(vecsink_code code, vecsink_error *const &object) {
    if (code == VECSINK_WOULD_BLOCK || code == VECSINK_TIMED_OUT) {
        vecsink_error_free(object);
        return false;
    }
    check(code, object);
    return true;
}

// A name, an option or SQL as a C string, which ends at its first NUL. For texts as short as the database's names no memory is
// allocated.
class c_string {
  public:
    explicit c_string(std::string_view text) {
        if (text.find('\0') != std::string_view::npos) {
            throw error(errc::invalid_argument, "a name or option holds a NUL: " + std::string(text));
        }
        if (text.size() < sizeof short_) {
            text.copy(short_, text.size());
        } else {
            long_ = text;
        }
    }
    operator const char *() const noexcept { return long_.empty() ? short_ : long_.c_str(); }

  private:
    char short_[64] = {};
    std::string long_;
};

// A handle of the C library. It is freed when this object is destroyed.
template <class T, void (*free)(T *)> struct freed {
    void operator()(T *handle) const noexcept { free(handle); }
};
template <class T, void (*free)(T *)> using handle = std::unique_ptr<T, freed<T, free>>;

} // namespace detail

} // namespace vecsink

#endif // VECSINK_ERROR_HPP
