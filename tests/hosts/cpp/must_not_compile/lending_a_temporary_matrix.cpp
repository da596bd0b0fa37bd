// expect: a temporary that is gone
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    batch.matrix("v", std::vector<float>(256), 128);
#else
    const std::vector<float> matrix(256);
    batch.matrix("v", matrix, 128);
#endif
}
