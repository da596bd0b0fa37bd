// expect: a temporary that is gone
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    batch.column("id", std::vector<int>{1, 2});
#else
    const std::vector<int> ids{1, 2};
    batch.column("id", ids);
#endif
}
