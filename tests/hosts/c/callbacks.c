/* What callbacks may do, and may not: callbacks URL TABLE. The table: id bigint PRIMARY KEY, name text. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"

enum { BY_CALLBACK = 50 };

static _Atomic(vecsink_sink *) shared;
static atomic_int pushed_by_callback, log_lines, refused_in_log, slow, closing;
static atomic_ullong latest;
static int64_t next_id = 1000;

static vecsink_code push(vecsink_sink *sink, int64_t id, int64_t timeout) {
    const vecsink_value row[] = {vecsink_i64(id), vecsink_text("called back")};
    return vecsink_sink_push(sink, row, 2, VECSINK_NEXT, timeout, NULL, NULL);
}

static void rest(long milliseconds) {
    struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static void on_durable(void *user_data, uint64_t durable) {
    (void)user_data;
    CHECK(durable > atomic_load(&latest));
    atomic_store(&latest, durable);
    vecsink_sink *sink = atomic_load(&shared);
    if (sink == NULL) {
        return;
    }
    if (atomic_load(&slow)) {
        rest(300);
    }
    if (atomic_load(&pushed_by_callback) < BY_CALLBACK) {
        CHECK(push(sink, next_id++, -1) == VECSINK_OK);
        atomic_fetch_add(&pushed_by_callback, 1);
    }
    /* These would wait for this very call. */
    EXPECT(VECSINK_IN_CALLBACK, vecsink_sink_close, sink, -1, NULL);
    vecsink_sink *another = NULL;
    EXPECT(VECSINK_IN_CALLBACK, vecsink_sink_open, "postgresql://x", "t", &another);
    vecsink_sink_free(sink);
    vecsink_stats stats = new_stats();
    OK(vecsink_sink_stats, sink, &stats);
    const vecsink_code never = vecsink_sink_wait_durable(sink, stats.next + 1000000, 0, NULL);
    CHECK(never == VECSINK_TIMED_OUT || (never == VECSINK_CLOSED && atomic_load(&closing)));
}

static void on_log(void *user_data, int32_t level, const char *message, size_t length) {
    CHECK(user_data == (void *)&log_lines);
    CHECK(level >= VECSINK_LOG_ERROR && level <= VECSINK_LOG_DEBUG);
    CHECK(strlen(message) == length && strstr(message, "secret") == NULL);
    atomic_fetch_add(&log_lines, 1);
    EXPECT(VECSINK_IN_CALLBACK, vecsink_log_set, VECSINK_LOG_OFF, NULL, NULL);
    vecsink_sink *sink = atomic_load(&shared);
    if (sink != NULL) {
        CHECK(push(sink, 1, 0) == VECSINK_IN_CALLBACK);
        CHECK(vecsink_sink_flush(sink, -1, NULL) == VECSINK_IN_CALLBACK);
        vecsink_sink_free(sink);
        atomic_fetch_add(&refused_in_log, 1);
    }
}

static void *producer(void *first) {
    for (int64_t id = 0; id < 200; id++) {
        CHECK(push(atomic_load(&shared), *(int64_t *)first + id, -1) == VECSINK_OK);
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    OK(vecsink_log_set, VECSINK_LOG_DEBUG, on_log, &log_lines);
    vecsink_sink_builder *builder = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_on_durable, builder, on_durable, NULL);
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    CHECK(atomic_load(&log_lines) > 0);
    atomic_store(&shared, sink);

    /* A callback that takes long delays no push. */
    atomic_store(&slow, 1);
    pthread_t threads[2];
    int64_t first[2] = {0, 200};
    for (int at = 0; at < 2; at++) {
        CHECK(pthread_create(&threads[at], NULL, producer, &first[at]) == 0);
    }
    for (int at = 0; at < 2; at++) {
        CHECK(pthread_join(threads[at], NULL) == 0);
    }
    OK(vecsink_sink_flush, sink, 60000);
    atomic_store(&slow, 0);

    /* Each push of the callback makes the next call. */
    while (atomic_load(&pushed_by_callback) < BY_CALLBACK) {
        rest(1);
    }
    vecsink_stats stats = new_stats();
    atomic_store(&closing, 1);
    OK(vecsink_sink_close, sink, 60000, &stats);
    CHECK(atomic_load(&latest) == stats.durable);
    CHECK(atomic_load(&refused_in_log) > 0);
    OK(vecsink_log_set, VECSINK_LOG_INFO, NULL, NULL);
    int lines = atomic_load(&log_lines);
    vecsink_sink_free(sink);
    atomic_store(&shared, NULL);
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    vecsink_sink_free(sink);
    CHECK(atomic_load(&log_lines) == lines);
    return 0;
}
