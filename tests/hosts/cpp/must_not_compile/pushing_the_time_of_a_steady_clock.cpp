// expect: no value can be made of this type
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.push(7, std::chrono::steady_clock::now());
#else
    sink.push(7, std::chrono::system_clock::now());
#endif
}
