// expect: no value can be made of this type
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::row(sink).set("id", &sink);
#else
    vecsink::row(sink).set("id", 7);
#endif
}
