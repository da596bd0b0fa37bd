// expect: deleted
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    auto builder = vecsink::sink_builder("", "").stream("cars");
#else
    vecsink::sink_builder builder("", "");
    builder.stream("cars");
#endif
}
