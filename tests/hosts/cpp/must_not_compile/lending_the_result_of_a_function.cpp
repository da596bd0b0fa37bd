// expect: a temporary that is gone
#include "vecsink.hpp"

std::vector<int> ids();

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    batch.column("id", ids());
#else
    const auto kept = ids();
    batch.column("id", kept);
#endif
}
