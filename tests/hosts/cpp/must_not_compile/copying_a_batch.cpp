// expect: deleted
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::batch copy = batch;
#else
    vecsink::batch moved = std::move(batch);
#endif
}
