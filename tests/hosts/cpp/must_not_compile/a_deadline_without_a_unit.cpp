// expect: no matching function or cannot convert or no known conversion
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.close(30);
#else
    sink.close(std::chrono::seconds(30));
#endif
}
