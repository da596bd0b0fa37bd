/* How much memory pushes take, and that they are refused when there is no memory: bounds URL TABLE CASE ...
   The table: id bigint PRIMARY KEY, small smallint, data bytea. Prints figures that the test compares. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { COLUMNS = 3 };

static const size_t MIB = 1 << 20;

static vecsink_sink *sink;
static char *data;
static size_t length;
static int rows;

/* A value of /proc/self/status, in bytes. */
static int64_t status(const char *name) {
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    char line[256];
    long kilobytes = -1;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kilobytes = strtol(line + strlen(name) + 1, NULL, 10);
        }
    }
    fclose(file);
    CHECK(kilobytes >= 0);
    return kilobytes * 1024;
}

/* Resets the kernel's figure for the process's peak. */
static void forget_peak(void) {
    int file = open("/proc/self/clear_refs", O_WRONLY);
    CHECK(file >= 0 && write(file, "5", 1) == 1);
    close(file);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void rest(long milliseconds) {
    struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

/* Prints a line, and waits until the test has done what the line asks for. */
static void wait_for_test(const char *said) {
    char line[16];
    printf("%s\n", said);
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
}

static vecsink_code push(size_t bytes, int64_t timeout) {
    static atomic_llong next_id;
    const vecsink_value row[COLUMNS] = {vecsink_i64(atomic_fetch_add(&next_id, 1)), vecsink_null(),
                                        vecsink_bytes(data, bytes)};
    vecsink_error *error = NULL;
    vecsink_code code = vecsink_sink_push(sink, row, COLUMNS, VECSINK_NEXT, timeout, NULL, &error);
    snprintf(last_message, sizeof last_message, "%s", vecsink_error_message(error));
    vecsink_error_free(error);
    return code;
}

static vecsink_sink_builder *begin(char **argv, size_t buffer) {
    vecsink_sink_builder *builder = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_buffer_memory, builder, buffer);
    return builder;
}

static void finish_opening(vecsink_sink_builder *builder) {
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
}

static void make_data(size_t bytes) {
    length = bytes;
    data = malloc(bytes);
    CHECK(data != NULL);
    memset(data, 'x', bytes);
}

static void *producer(void *argument) {
    (void)argument;
    for (int row = 0; row < rows; row++) {
        CHECK(push(length, -1) == VECSINK_OK);
    }
    return NULL;
}

/* THREADS BYTES ROWS BUFFER: each thread pushes ROWS rows of BYTES bytes. Prints how much more memory the process has than with the
   open sink alone, in bytes: when all is durable, at the peak, and at the lowest point of the second after all is durable. */
static void many(char **argv) {
    int threads = atoi(argv[4]);
    make_data(strtoull(argv[5], NULL, 10));
    rows = atoi(argv[6]);
    finish_opening(begin(argv, strtoull(argv[7], NULL, 10)));
    CHECK(push(10, -1) == VECSINK_OK);
    OK(vecsink_sink_flush, sink, 60000);
    int64_t base = status("VmRSS:");
    forget_peak();
    pthread_t *started = calloc((size_t)threads, sizeof *started);
    pthread_attr_t small;
    CHECK(started != NULL && pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 256 << 10) == 0);
    for (int at = 0; at < threads; at++) {
        CHECK(pthread_create(&started[at], &small, producer, NULL) == 0);
    }
    for (int at = 0; at < threads; at++) {
        CHECK(pthread_join(started[at], NULL) == 0);
    }
    OK(vecsink_sink_flush, sink, 600000);
    int64_t peak = status("VmHWM:");
    double durable = now();
    int64_t kept = status("VmRSS:") - base, least = kept;
    printf("at once %" PRId64 "\n", kept);
    while (now() - durable < 1.0) {
        rest(20);
        kept = status("VmRSS:") - base;
        least = kept < least ? kept : least;
    }
    printf("%" PRId64 " %" PRId64 "\n", peak - base, least);
    vecsink_stats stats = new_stats();
    OK(vecsink_sink_close, sink, 60000, &stats);
    CHECK(stats.rows_written == (uint64_t)threads * (uint64_t)rows + 1);
    free(started);
}

static void in_callback(void *user_data, uint64_t durable) {
    (void)durable;
    if (atomic_load((atomic_int *)user_data) != 0) {
        return;
    }
    atomic_store((atomic_int *)user_data, 1);
    /* The test locks the table. */
    wait_for_test("called");
    int64_t base = status("VmRSS:");
    int taken = 0;
    vecsink_code code = VECSINK_OK;
    while (taken < 10000 && (code = push(length, 0)) == VECSINK_OK) {
        taken++;
    }
    printf("%d %s %" PRId64 "\n", taken, vecsink_code_name(code), status("VmRSS:") - base);
    double before = now();
    code = push(length, 300);
    printf("%s %.1f\n", vecsink_code_name(code), now() - before);
    /* The test unlocks the table. */
    wait_for_test("unlock");
    CHECK(push(length, -1) == VECSINK_OK);
    atomic_store((atomic_int *)user_data, 2);
}

/* BYTES BUFFER: the first call of a callback pushes rows of BYTES bytes until a push is refused. */
static void callback(char **argv) {
    static atomic_int state;
    make_data(strtoull(argv[4], NULL, 10));
    vecsink_sink_builder *builder = begin(argv, strtoull(argv[5], NULL, 10));
    OK(vecsink_sink_builder_on_durable, builder, in_callback, &state);
    finish_opening(builder);
    CHECK(push(1, -1) == VECSINK_OK);
    while (atomic_load(&state) != 2) {
        rest(5);
    }
    OK(vecsink_sink_close, sink, 60000, NULL);
}

static vecsink_code push_rejected(size_t count, int64_t timeout, vecsink_pushed *pushed, double *seconds) {
    int64_t *ids = calloc(count, sizeof *ids);
    int32_t *large = calloc(count, sizeof *large);
    CHECK(ids != NULL && large != NULL);
    for (size_t at = 0; at < count; at++) {
        ids[at] = (int64_t)at;
        large[at] = 100000;
    }
    const vecsink_column columns[] = {new_column("id", VECSINK_COLUMN_I64, ids, count),
                                      new_column("small", VECSINK_COLUMN_I32, large, count)};
    double before = now();
    vecsink_code code = vecsink_sink_push_batch(sink, columns, 2, count, VECSINK_NEXT, timeout, pushed, NULL);
    *seconds = now() - before;
    free(ids);
    free(large);
    return code;
}

/* ROWS TIMEOUT: a batch whose rows are all rejected, to a sink without callbacks. */
static void rejected(char **argv) {
    vecsink_sink_builder *builder = begin(argv, MIB);
    const char *const columns[] = {"id", "small"};
    OK(vecsink_sink_builder_columns, builder, columns, 2);
    finish_opening(builder);
    vecsink_pushed pushed;
    double seconds;
    vecsink_code code = push_rejected(strtoull(argv[4], NULL, 10), atoi(argv[5]), &pushed, &seconds);
    printf("%s %.2f %zu %zu\n", vecsink_code_name(code), seconds, pushed.rows, pushed.rejected);
    OK(vecsink_sink_close, sink, 60000, NULL);
}

static atomic_int undelivered_state;

static void on_rejected(void *user_data, const vecsink_rejected *rejected) {
    (void)user_data;
    (void)rejected;
    if (atomic_load(&undelivered_state) != 0) {
        return;
    }
    atomic_store(&undelivered_state, 1);
    /* Waits until rejections fill the buffer. */
    while (atomic_load(&undelivered_state) != 2) {
        rest(5);
    }
    const int64_t id = 1;
    const vecsink_value row[] = {vecsink_i64(id), vecsink_i64(1)};
    vecsink_code waits = vecsink_sink_push(sink, row, 2, VECSINK_NEXT, -1, NULL, NULL);
    vecsink_code at_once = vecsink_sink_push(sink, row, 2, VECSINK_NEXT, 0, NULL, NULL);
    printf("%s %s\n", vecsink_code_name(waits), vecsink_code_name(at_once));
    atomic_store(&undelivered_state, 3);
}

/* BUFFER: a callback pushes while the buffer is full of rejections for which it hasn't been called yet. */
static void undelivered(char **argv) {
    vecsink_sink_builder *builder = begin(argv, strtoull(argv[4], NULL, 10));
    const char *const columns[] = {"id", "small"};
    OK(vecsink_sink_builder_columns, builder, columns, 2);
    OK(vecsink_sink_builder_on_rejected, builder, on_rejected, NULL);
    finish_opening(builder);
    vecsink_pushed pushed;
    double seconds;
    printf("%s ", vecsink_code_name(push_rejected(1000000, 3000, &pushed, &seconds)));
    atomic_store(&undelivered_state, 2);
    while (atomic_load(&undelivered_state) != 3) {
        rest(5);
    }
    OK(vecsink_sink_close, sink, 60000, NULL);
}

/* BYTES: rows of BYTES bytes. The process has too little memory for a copy of a row. */
static void memory(char **argv) {
    make_data(strtoull(argv[4], NULL, 10));
    finish_opening(begin(argv, 64 * MIB));
    CHECK(push(10, -1) == VECSINK_OK);
    OK(vecsink_sink_flush, sink, 60000);
    vecsink_row *row = NULL;
    OK(vecsink_row_new, sink, &row);
    vecsink_value *elements = calloc(length / sizeof *elements, sizeof *elements);
    CHECK(elements != NULL);
    const rlim_t most = (rlim_t)status("VmSize:") + length / 2;
    const struct rlimit limit = {most, most};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);

    CHECK(push(length, -1) == VECSINK_OUT_OF_MEMORY);
    printf("%s\n", last_message);
    CHECK(push(length, 0) == VECSINK_OUT_OF_MEMORY);
    const vecsink_value large = vecsink_bytes(data, length);
    EXPECT(VECSINK_OUT_OF_MEMORY, vecsink_row_set, row, 2, &large);
    vecsink_value array = {VECSINK_ARRAY, 0, {.span = {elements, length / sizeof *elements}}};
    const vecsink_value arrays[COLUMNS] = {vecsink_i64(1), vecsink_null(), array};
    EXPECT(VECSINK_OUT_OF_MEMORY, vecsink_sink_push, sink, arrays, COLUMNS, VECSINK_NEXT, -1, NULL);
    /* First a small row, and then the large one. */
    const int64_t ids[] = {1000, 1001};
    const int64_t offsets[] = {0, 10, (int64_t)length};
    vecsink_column columns[] = {new_column("id", VECSINK_COLUMN_I64, ids, 2), new_column("data", VECSINK_COLUMN_BYTES, data, length)};
    columns[1].offsets = offsets;
    columns[1].offset_bits = 64;
    const char *const names[] = {"id", "data"};
    vecsink_sink *all = sink;
    vecsink_sink_builder *builder = begin(argv, 64 * MIB);
    OK(vecsink_sink_builder_columns, builder, names, 2);
    finish_opening(builder);
    vecsink_pushed pushed;
    EXPECT(VECSINK_OUT_OF_MEMORY, vecsink_sink_push_batch, sink, columns, 2, 2, VECSINK_NEXT, -1, &pushed);
    CHECK(pushed.rows == 1);
    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_sink_free(sink);
    sink = all;

    CHECK(push(100000, -1) == VECSINK_OK);
    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_row_free(row);
    free(elements);
}

int main(int argc, char **argv) {
    CHECK(argc > 3);
    const char *wanted = argv[3];
    /* Ends the process if something waits for ever. */
    alarm(200);
    if (strcmp(wanted, "many") == 0) {
        CHECK(argc == 8);
        many(argv);
    } else if (strcmp(wanted, "callback") == 0) {
        CHECK(argc == 6);
        callback(argv);
    } else if (strcmp(wanted, "memory") == 0) {
        CHECK(argc == 5);
        memory(argv);
    } else if (strcmp(wanted, "undelivered") == 0) {
        CHECK(argc == 5);
        undelivered(argv);
    } else {
        CHECK(strcmp(wanted, "rejected") == 0 && argc == 6);
        rejected(argv);
    }
    vecsink_sink_free(sink);
    free(data);
    return 0;
}
