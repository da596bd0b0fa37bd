/* How long a push takes while there is room: latency URL SCHEMA.TABLE PRODUCERS ROWS_PER_SECOND SECONDS DIMS. Each producer, a thread,
 * pushes a row when its time has come, while the writers store the rows. One more thread, the control, looks at the clock
 * for as long as a push takes, at the same rate. On this machine the p99 of a push can't be lower than the p99 of the
 * control. Prints one JSON object, in microseconds. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "push.h"
#include "vecsink.h"

/* About the p50 of a push. */
static const double control_seconds = 3.5e-6;

static vecsink_sink *sink;
static size_t dims, rows;
static double interval;

struct producer {
    pthread_t thread;
    int64_t first;
    double *took;
};

static void fail(const vecsink_error *error) {
    fprintf(stderr, "%s\n", vecsink_error_message(error));
    exit(1);
}

static void await_next(struct timespec *due) {
    due->tv_nsec += (long)(interval * 1e9);
    due->tv_sec += due->tv_nsec / 1000000000;
    due->tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL);
}

static void *produce(void *of) {
    struct producer *own = of;
    float *vector = malloc(dims * sizeof *vector);
    fill_vectors(vector, dims);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (size_t row = 0; row < rows; row++) {
        await_next(&due);
        const vecsink_value values[] = {vecsink_i64(own->first + (int64_t)row), vecsink_vector_f32(vector, dims)};
        vecsink_error *error = NULL;
        const double began = wall_seconds();
        const vecsink_code code = vecsink_sink_push(sink, values, 2, VECSINK_NEXT, 0, NULL, &error);
        own->took[row] = wall_seconds() - began;
        if (code != VECSINK_OK) {
            fail(error);
        }
    }
    free(vector);
    return NULL;
}

static void *control(void *of) {
    double *took = of;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (size_t row = 0; row < rows; row++) {
        await_next(&due);
        const double began = wall_seconds();
        do {
            took[row] = wall_seconds() - began;
        } while (took[row] < control_seconds);
    }
    return NULL;
}

static int by_size(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    if (argc != 7) {
        return 2;
    }
    const size_t producers = strtoull(argv[3], NULL, 10);
    const double rate = strtod(argv[4], NULL);
    rows = (size_t)(rate * strtod(argv[5], NULL));
    dims = strtoull(argv[6], NULL, 10);
    interval = 1 / rate;
    vecsink_error *error = NULL;
    if (vecsink_sink_open(argv[1], argv[2], &sink, &error) != VECSINK_OK) {
        fail(error);
    }
    double *took = calloc(producers * rows, sizeof *took);
    double *control_took = calloc(rows, sizeof *control_took);
    struct producer *all = calloc(producers, sizeof *all);
    for (size_t at = 0; at < producers; at++) {
        all[at].first = (int64_t)(at * rows);
        all[at].took = took + at * rows;
        pthread_create(&all[at].thread, NULL, produce, &all[at]);
    }
    pthread_t controller;
    pthread_create(&controller, NULL, control, control_took);
    pthread_join(controller, NULL);
    for (size_t at = 0; at < producers; at++) {
        pthread_join(all[at].thread, NULL);
    }
    vecsink_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    if (vecsink_sink_close(sink, 60000, &stats, &error) != VECSINK_OK) {
        fail(error);
    }
    vecsink_sink_free(sink);
    const size_t count = producers * rows;
    qsort(took, count, sizeof *took, by_size);
    qsort(control_took, rows, sizeof *control_took, by_size);
    printf("{\"rows\": %zu, \"transactions\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p99.9_us\": %.1f, \"most_us\": %.1f, "
           "\"control_p50_us\": %.1f, \"control_p99_us\": %.1f}\n", count, (unsigned long long)stats.batches, took[count / 2] * 1e6,
           took[count * 99 / 100] * 1e6, took[count * 999 / 1000] * 1e6, took[count - 1] * 1e6, control_took[rows / 2] * 1e6,
           control_took[rows * 99 / 100] * 1e6);
    free(took);
    free(control_took);
    free(all);
    return 0;
}
