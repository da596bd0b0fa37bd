/* The rows and the clocks for the programs of `make bench-push`. The rows are the same in each language. */
#ifndef PUSH_H
#define PUSH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Numbers between -1 and 1. */
static inline void fill_vectors(float *to, size_t count) {
    uint64_t state = 7;
    for (size_t at = 0; at < count; at++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        to[at] = (float)(int32_t)(state >> 32) / 2147483648.0f;
    }
}

static inline double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* CPU seconds of all threads since the program's start. */
static inline double cpu_seconds(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
static inline double wall_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }

#endif
