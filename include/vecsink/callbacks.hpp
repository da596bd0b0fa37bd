// The std::functions that the C callbacks of a sink call.
#ifndef VECSINK_CALLBACKS_HPP
#define VECSINK_CALLBACKS_HPP

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "../vecsink.h"
#include "exceptions.hpp"

namespace vecsink {

// A row that was accepted and then could not be stored. Valid during the callback.
struct rejected {
    std::uint64_t sequence;
    std::string_view stage;    // "encode": the value can't be stored in the column; "write": the database refused the row
    std::string_view reason;
    std::string_view column;   // or empty
    std::string_view sqlstate; // or empty
};

namespace detail {

// Lives on the heap, because the C library has a pointer to it, from the builder to the end of the sink. If closing didn't wait for
// a callback, it lives until that callback has returned.
class callbacks : public std::enable_shared_from_this<callbacks> {
  public:
    std::function<void(std::uint64_t)> durable;
    std::function<void(const rejected &)> rejection;
    std::shared_ptr<callbacks> kept; // itself, for ever, if the sink was destroyed in a callback: then the library keeps the sink

    static void on_durable(void *self, std::uint64_t durable) noexcept {
        const auto alive = static_cast<callbacks *>(self)->shared_from_this();
        auto &own = *alive;
        own.guarded([&] { own.durable(durable); });
    }

    static void on_rejected(void *self, const vecsink_rejected *row) noexcept {
        const auto alive = static_cast<callbacks *>(self)->shared_from_this();
        auto &own = *alive;
        const auto text = [](const char *from) { return from == nullptr ? std::string_view() : std::string_view(from); };
        own.guarded([&] {
            own.rejection(rejected{row->sequence, text(row->stage), text(row->reason), text(row->column), text(row->sqlstate)});
        });
    }

    // The first exception that left a callback since the last call of this function.
    [[nodiscard]] std::exception_ptr take_exception() noexcept {
        const std::lock_guard lock(mutex_);
        return std::exchange(exception_, nullptr);
    }

  private:
    // Keeps exceptions, so that none gets into the library.
    template <class Call> void guarded(Call call) noexcept {
        try {
            call();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!exception_) exception_ = std::current_exception();
        }
    }

    std::mutex mutex_;
    std::exception_ptr exception_;
};

} // namespace detail

} // namespace vecsink

#endif // VECSINK_CALLBACKS_HPP
