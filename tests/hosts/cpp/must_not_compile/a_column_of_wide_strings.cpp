// expect: no value can be made of this type
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    const std::vector<std::wstring> names;
    batch.column("name", names);
#else
    const std::vector<std::string> names;
    batch.column("name", names);
#endif
}
