// Checks for the test programs. A failed check prints its place and ends the program.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <cstdio>
#include <cstdlib>
#include <string>

#include "vecsink.hpp"

#define CHECK(...)                                                                                                     \
    do {                                                                                                               \
        if (!(__VA_ARGS__)) {                                                                                          \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #__VA_ARGS__);                             \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (0)

// The vecsink::error that a call throws.
#define THROWN(...) thrown(__FILE__, __LINE__, #__VA_ARGS__, [&] { static_cast<void>(__VA_ARGS__); })

template <class Call> vecsink::error thrown(const char *file, int line, const char *what, Call call) {
    try {
        call();
    } catch (const vecsink::error &error) {
        CHECK(error.code() != vecsink::errc::ok);
        CHECK(!error.message().empty() && error.message() != vecsink::name(error.code()));
        return error;
    }
    std::fprintf(stderr, "%s:%d: doesn't throw: %s\n", file, line, what);
    std::exit(1);
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

#endif // CHECK_HPP
