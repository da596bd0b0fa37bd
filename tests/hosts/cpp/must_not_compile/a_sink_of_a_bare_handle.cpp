// expect: conversion
#include "vecsink.hpp"

extern vecsink_sink *handle;

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    vecsink::sink taken = handle;
#else
    vecsink::sink taken(handle);
#endif
}
