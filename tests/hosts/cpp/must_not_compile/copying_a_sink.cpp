// expect: deleted
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::sink copy = sink;
#else
    vecsink::sink moved = std::move(sink);
#endif
}
