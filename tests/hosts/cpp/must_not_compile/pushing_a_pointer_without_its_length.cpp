// expect: a vector or bytes need their length
#include "vecsink.hpp"

extern const float *embedding;

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.push(7, embedding);
#else
    sink.push(7, vecsink::span(embedding, 128));
#endif
}
