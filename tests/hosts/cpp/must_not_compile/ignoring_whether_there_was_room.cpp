// expect: ignoring return value
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.try_push(7);
#else
    if (!sink.try_push(7)) return;
#endif
}
