// expect: a column is one piece of memory
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    const std::vector<bool> flags(3);
    batch.column("flag", flags);
#else
    const std::array<bool, 3> flags{};
    batch.column("flag", flags);
#endif
}
