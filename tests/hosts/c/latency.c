/* How long a push takes while the queue has room, and how many rows are pushed per second: latency URL TABLE SECONDS.
 * The table: id bigint PRIMARY KEY, v vector(128). Prints one line. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"

enum { PRODUCERS = 4, A_SECOND = 2000, DIMENSION = 128 };

static vecsink_sink *sink;
static long rows_each;
static uint32_t *times;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void push(int64_t id) {
    float vector[DIMENSION];
    for (int at = 0; at < DIMENSION; at++) {
        vector[at] = (float)(id + at);
    }
    const vecsink_value row[] = {vecsink_i64(id), vecsink_vector_f32(vector, DIMENSION)};
    CHECK(vecsink_sink_push(sink, row, 2, VECSINK_NEXT, -1, NULL, NULL) == VECSINK_OK);
}

static void *producer(void *number) {
    long thread = *(long *)number;
    int64_t start = now();
    for (long row = 0; row < rows_each; row++) {
        int64_t wait = start + row * (INT64_C(1000000000) / A_SECOND) - now();
        if (wait > 0) {
            nanosleep(&(struct timespec){0, wait}, NULL);
        }
        int64_t before = now();
        push(thread * rows_each + row);
        times[thread * rows_each + row] = (uint32_t)(now() - before);
    }
    return NULL;
}

static int by_size(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    rows_each = atol(argv[3]) * A_SECOND;
    CHECK(rows_each > 0);
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    long all = rows_each * PRODUCERS;
    times = calloc((size_t)all, sizeof *times);
    pthread_t threads[PRODUCERS];
    long numbers[PRODUCERS];
    for (int at = 0; at < PRODUCERS; at++) {
        numbers[at] = at;
        CHECK(pthread_create(&threads[at], NULL, producer, &numbers[at]) == 0);
    }
    for (int at = 0; at < PRODUCERS; at++) {
        CHECK(pthread_join(threads[at], NULL) == 0);
    }
    OK(vecsink_sink_flush, sink, 60000);
    qsort(times, (size_t)all, sizeof *times, by_size);
    printf("push of %d dims, %d producers at %d rows/s: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us; ", DIMENSION,
           PRODUCERS, A_SECOND, times[all / 2] / 1e3, times[all * 99 / 100] / 1e3, times[all * 999 / 1000] / 1e3,
           times[all - 1] / 1e3);
    int64_t start = now();
    for (long row = 0; row < all; row++) {
        push(all + row);
    }
    double pushed = (double)(now() - start) / 1e9;
    OK(vecsink_sink_flush, sink, 60000);
    double durable = (double)(now() - start) / 1e9;
    printf("one thread: %.0f rows/s pushed, %.0f rows/s durable\n", (double)all / pushed, (double)all / durable);
    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_sink_free(sink);
    free(times);
    return 0;
}
