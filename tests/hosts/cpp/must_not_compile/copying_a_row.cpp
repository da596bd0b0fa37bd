// expect: deleted
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::row row(sink), copy(row);
#else
    vecsink::row row(sink), moved(std::move(row));
#endif
}
