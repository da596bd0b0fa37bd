// expect: ignoring return value
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::sink_builder("", "").open();
#else
    sink = vecsink::sink_builder("", "").open();
#endif
}
