// expect: a matrix has elements of float, double or vecsink::halves
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    const std::vector<int> matrix(256);
    batch.matrix("v", matrix, 128);
#else
    const std::vector<double> matrix(256);
    batch.matrix("v", matrix, 128);
#endif
}
