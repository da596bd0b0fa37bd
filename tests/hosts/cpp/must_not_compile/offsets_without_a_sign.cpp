// expect: offsets are int32_t or int64_t
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    const std::vector<float> elements;
    const std::vector<std::size_t> offsets{0};
    batch.lists("v", elements, offsets);
#else
    const std::vector<float> elements;
    const std::vector<std::int64_t> offsets{0};
    batch.lists("v", elements, offsets);
#endif
}
