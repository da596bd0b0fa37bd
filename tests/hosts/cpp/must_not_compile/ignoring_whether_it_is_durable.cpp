// expect: ignoring return value
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.wait_durable_for(7, std::chrono::seconds(1));
#else
    if (!sink.wait_durable_for(7, std::chrono::seconds(1))) return;
#endif
}
