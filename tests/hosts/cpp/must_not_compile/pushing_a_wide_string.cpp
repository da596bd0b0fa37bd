// expect: no value can be made of this type
#include "vecsink.hpp"

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    sink.push(7, std::wstring(L"lamp"));
#else
    sink.push(7, std::string("lamp"));
#endif
}
