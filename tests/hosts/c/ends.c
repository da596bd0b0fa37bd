/* Every function of the interface, while the database is frozen, cut off or locked: ends URL TABLE BROKERS TOPIC. When this program has
 * printed "open", the test does that to the database, and then writes a line to this program. Each call is a line "FUNCTION took T of D
 * late L: CODE": milliseconds that it took, its deadline, and by how much the machine itself was late meanwhile. The URL's connect
 * time-out is 2 s. The table: id bigint PRIMARY KEY, name text; the topic: csv. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "arrow_structs.h"
#include "check.h"

#define CONNECT_MS 2000
#define TEXT_BYTES 100000

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- how late the machine is ---- */

static atomic_llong late_ms;

/* Sleeps again and again. If a sleep takes longer than it should, that is the delay of the machine. */
static void *measure(void *unused) {
    (void)unused;
    for (;;) {
        const int64_t begun = now_ms();
        const struct timespec pause = {0, 20 * 1000 * 1000};
        nanosleep(&pause, NULL);
        const int64_t late = now_ms() - begun - 20;
        if (late > 1) atomic_fetch_add(&late_ms, late);
    }
    return NULL;
}

static void report(const char *function, int64_t begun, int64_t late, int64_t deadline, const char *outcome) {
    printf("%s took %" PRId64 " of %" PRId64 " late %" PRId64 ": %s\n", function, now_ms() - begun, deadline,
           (int64_t)atomic_load(&late_ms) - late, outcome);
    fflush(stdout);
}

/* Runs a call that may take so many milliseconds. */
#define TIMED(deadline_ms, name, ...)                                                          \
    do {                                                                                       \
        const int64_t begun_ = now_ms(), late_ = atomic_load(&late_ms);                        \
        __VA_ARGS__;                                                                           \
        report(name, begun_, late_, deadline_ms, "done");                                      \
    } while (0)

/* The same for a function that returns a code and takes an error as its last argument. */
#define CALL(deadline_ms, function, ...)                                                       \
    do {                                                                                       \
        vecsink_error *error_ = NULL;                                                          \
        const int64_t begun_ = now_ms(), late_ = atomic_load(&late_ms);                        \
        const vecsink_code code_ = function(__VA_ARGS__, &error_);                             \
        report(#function, begun_, late_, deadline_ms, vecsink_code_name(code_));               \
        CHECK((code_ == VECSINK_OK) == (error_ == NULL));                                      \
        if (code_ != VECSINK_OK) fprintf(stderr, "%s: %s\n", #function, vecsink_error_message(error_)); \
        vecsink_error_free(error_);                                                            \
    } while (0)

/* ---- handles that are open meanwhile ---- */

static char text[TEXT_BYTES];

static void logged(void *user_data, int32_t level, const char *message, size_t length) {
    (void)user_data, (void)level;
    fprintf(stderr, "log: %.*s\n", (int)length, message);
}

static void push(vecsink_sink *sink, int64_t id) {
    const vecsink_value row[] = {vecsink_i64(id), vecsink_str(text, TEXT_BYTES)};
    OK(vecsink_sink_push, sink, row, 2, VECSINK_NEXT, 0, NULL);
}

static sem_t may_return;
static atomic_int called;

/* A callback that waits for the thread that closes the sink. */
static void waits_for_the_host(void *user_data, uint64_t durable) {
    (void)user_data, (void)durable;
    atomic_fetch_add(&called, 1);
    sem_wait(&may_return);
}

static void rejected(void *user_data, const vecsink_rejected *row) { (void)user_data, (void)row; }

static vecsink_sink *opened(char **argv, const char *stream, uint64_t max_outage, vecsink_durable_callback callback) {
    vecsink_sink_builder *builder = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    if (stream != NULL) OK(vecsink_sink_builder_stream, builder, stream);
    OK(vecsink_sink_builder_deletes, builder, true);
    OK(vecsink_sink_builder_buffer_memory, builder, 1 << 20);
    if (max_outage > 0) OK(vecsink_sink_builder_max_outage, builder, max_outage);
    if (callback != NULL) OK(vecsink_sink_builder_on_durable, builder, callback, NULL);
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    push(sink, 1);
    OK(vecsink_sink_flush, sink, 60000);
    return sink;
}

static vecsink_pipeline_builder *attached(char **argv, const char *name) {
    vecsink_pipeline_builder *builder = NULL;
    OK(vecsink_pipeline_builder_attach, argv[1], argv[2], &builder);
    OK(vecsink_pipeline_builder_column, builder, "id", "BIGINT");
    OK(vecsink_pipeline_builder_column, builder, "name", "STRING");
    OK(vecsink_pipeline_builder_source_option, builder, "topic", argv[4]);
    OK(vecsink_pipeline_builder_source_option, builder, "properties.bootstrap.servers", argv[3]);
    OK(vecsink_pipeline_builder_source_option, builder, "format", "csv");
    OK(vecsink_pipeline_builder_source_option, builder, "scan.startup.mode", "earliest-offset");
    OK(vecsink_pipeline_builder_sink_option, builder, "conflictmode", "upsert");
    char own[200];
    snprintf(own, sizeof own, "%s %s", name, argv[4]);
    OK(vecsink_pipeline_builder_name, builder, own);
    return builder;
}

static vecsink_pipeline *started(char **argv, const char *name) {
    vecsink_pipeline_builder *builder = attached(argv, name);
    vecsink_pipeline *job = NULL;
    OK(vecsink_pipeline_builder_start, builder, &job);
    vecsink_pipeline_builder_free(builder);
    vecsink_stats stats = new_stats();
    const int64_t end = now_ms() + 60000;
    while (stats.rows_read == 0 || stats.held_bytes > 0) {
        OK(vecsink_pipeline_stats, job, &stats);
        CHECK(now_ms() < end);
    }
    return job;
}

static void released_array(struct ArrowArray *array) { array->release = NULL; }
static void released_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void push_arrow(vecsink_sink *sink, int64_t timeout_ms) {
    static const int64_t ids[] = {1};
    static const int32_t offsets[] = {0, TEXT_BYTES};
    const void *of_ids[] = {NULL, ids}, *of_texts[] = {NULL, offsets, text}, *of_rows[] = {NULL};
    struct ArrowArray id = {.length = 1, .n_buffers = 2, .buffers = of_ids, .release = released_array};
    struct ArrowArray name = {.length = 1, .n_buffers = 3, .buffers = of_texts, .release = released_array};
    struct ArrowArray *arrays[] = {&id, &name};
    struct ArrowArray rows = {
        .length = 1, .n_buffers = 1, .n_children = 2, .buffers = of_rows, .children = arrays, .release = released_array};
    struct ArrowSchema ids_are = {.format = "l", .name = "id", .release = released_schema};
    struct ArrowSchema names_are = {.format = "u", .name = "name", .release = released_schema};
    struct ArrowSchema *schemas[] = {&ids_are, &names_are};
    struct ArrowSchema rows_are = {.format = "+s", .n_children = 2, .children = schemas, .release = released_schema};
    CALL(timeout_ms, vecsink_sink_push_arrow, sink, &rows, &rows_are, VECSINK_NEXT, timeout_ms, NULL);
}

static void *closes_for_ever(void *sink) {
    vecsink_sink_close(sink, -1, NULL, NULL);
    return NULL;
}

static atomic_bool stopping;

static void *stops_for_ever(void *job) {
    atomic_store(&stopping, true);
    vecsink_pipeline_stop(job, -1, NULL, NULL);
    return NULL;
}

/* Calls that need no server. */
static void without_a_server(char **argv, vecsink_sink *sink) {
    TIMED(0, "vecsink_version", CHECK(vecsink_version() != NULL));
    TIMED(0, "vecsink_version_number", CHECK(vecsink_version_number() > 0));
    TIMED(0, "vecsink_code_name", CHECK(vecsink_code_name(VECSINK_OK) != NULL));
    CALL(0, vecsink_log_set, VECSINK_LOG_INFO, logged, NULL);
    TIMED(0, "vecsink_sink_durable", CHECK(vecsink_sink_durable(sink) == 1));
    TIMED(0, "vecsink_sink_resume_position", vecsink_sink_resume_position(sink));
    TIMED(0, "vecsink_sink_column_count", CHECK(vecsink_sink_column_count(sink) == 2));
    TIMED(0, "vecsink_sink_column_name", CHECK(vecsink_sink_column_name(sink, 0) != NULL));
    TIMED(0, "vecsink_sink_column_index", CHECK(vecsink_sink_column_index(sink, "id") == 0));
    TIMED(0, "vecsink_sink_key_count", CHECK(vecsink_sink_key_count(sink) == 1));
    TIMED(0, "vecsink_sink_key_name", CHECK(vecsink_sink_key_name(sink, 0) != NULL));
    vecsink_stats stats = new_stats();
    CALL(0, vecsink_sink_stats, sink, &stats);

    vecsink_sink_builder *builder = NULL;
    const char *names[] = {"id", "name"};
    CALL(0, vecsink_sink_builder_new, argv[1], argv[2], &builder);
    CALL(0, vecsink_sink_builder_columns, builder, names, 2);
    CALL(0, vecsink_sink_builder_option, builder, "batchsize", "100");
    CALL(0, vecsink_sink_builder_stream, builder, "another");
    CALL(0, vecsink_sink_builder_user, builder, "me");
    CALL(0, vecsink_sink_builder_password, builder, "secret");
    CALL(0, vecsink_sink_builder_application_name, builder, "ends");
    CALL(0, vecsink_sink_builder_conflict_mode, builder, VECSINK_CONFLICT_UPSERT);
    CALL(0, vecsink_sink_builder_exception_mode, builder, VECSINK_EXCEPTION_IGNORE);
    CALL(0, vecsink_sink_builder_batch_size, builder, 100);
    CALL(0, vecsink_sink_builder_connections, builder, 2);
    CALL(0, vecsink_sink_builder_dead_letter_file, builder, "ends.jsonl");
    CALL(0, vecsink_sink_builder_vector_dimension, builder, 3);
    CALL(0, vecsink_sink_builder_vector_normalize, builder, true);
    CALL(0, vecsink_sink_builder_vector_index, builder, VECSINK_VECTOR_INDEX_INLINE);
    CALL(0, vecsink_sink_builder_delivery_guarantee, builder, VECSINK_EXACTLY_ONCE);
    CALL(0, vecsink_sink_builder_deletes, builder, true);
    CALL(0, vecsink_sink_builder_linger, builder, 1000);
    CALL(0, vecsink_sink_builder_buffer_memory, builder, 1 << 20);
    CALL(0, vecsink_sink_builder_max_outage, builder, 60000);
    CALL(0, vecsink_sink_builder_on_durable, builder, waits_for_the_host, NULL);
    CALL(0, vecsink_sink_builder_on_rejected, builder, rejected, NULL);
    TIMED(0, "vecsink_sink_builder_free", vecsink_sink_builder_free(builder));

    vecsink_pipeline_builder *job = NULL;
    CALL(0, vecsink_pipeline_builder_attach, argv[1], argv[2], &job);
    CALL(0, vecsink_pipeline_builder_column, job, "id", "BIGINT");
    CALL(0, vecsink_pipeline_builder_source_option, job, "topic", argv[4]);
    CALL(0, vecsink_pipeline_builder_sink_option, job, "conflictmode", "upsert");
    CALL(0, vecsink_pipeline_builder_name, job, "a job");
    TIMED(0, "vecsink_pipeline_builder_free", vecsink_pipeline_builder_free(job));
    CALL(0, vecsink_pipeline_builder_new, "CREATE TABLE a (id BIGINT) WITH ('connector' = 'kafka')", &job);
    CALL(0, vecsink_pipeline_builder_option, job, "a", "topic", argv[4]);
    CALL(0, vecsink_pipeline_builder_variable, job, "X", "y");
    CALL(0, vecsink_pipeline_builder_buffer_memory, job, 1 << 20);
    CALL(0, vecsink_pipeline_builder_max_outage, job, 1000);
    CALL(0, vecsink_pipeline_builder_fresh, job, false);
    vecsink_pipeline *none = NULL;
    CALL(0, vecsink_pipeline_builder_start, job, &none);
    vecsink_pipeline_builder_free(job);

    vecsink_error *error = NULL;
    CHECK(vecsink_sink_wait_durable(sink, 1, 0, &error) == VECSINK_TIMED_OUT);
    TIMED(0, "vecsink_error_code", vecsink_error_code(error));
    TIMED(0, "vecsink_error_message", vecsink_error_message(error));
    TIMED(0, "vecsink_error_sqlstate", vecsink_error_sqlstate(error));
    TIMED(0, "vecsink_error_column", vecsink_error_column(error));
    TIMED(0, "vecsink_error_is_retryable", vecsink_error_is_retryable(error));
    TIMED(0, "vecsink_error_is_in_doubt", vecsink_error_is_in_doubt(error));
    TIMED(0, "vecsink_error_position", vecsink_error_position(error, NULL, NULL, NULL));
    TIMED(0, "vecsink_error_accepted", vecsink_error_accepted(error));
    TIMED(0, "vecsink_error_free", vecsink_error_free(error));
}

/* Pushes in every possible way while there is no room. */
static void pushes(vecsink_sink *sink) {
    const vecsink_value row[] = {vecsink_i64(2), vecsink_str(text, TEXT_BYTES)};
    vecsink_code code;
    int pushed = 0;
    do {
        code = vecsink_sink_push(sink, row, 2, VECSINK_NEXT, 0, NULL, NULL);
        CHECK(++pushed < 1000);
    } while (code == VECSINK_OK);
    CHECK(code == VECSINK_WOULD_BLOCK);
    const int64_t timeouts[] = {0, 500};
    for (size_t at = 0; at < 2; at++) {
        const int64_t timeout = timeouts[at];
        CALL(timeout, vecsink_sink_push, sink, row, 2, VECSINK_NEXT, timeout, NULL);
        CALL(timeout, vecsink_sink_delete, sink, row, 1, VECSINK_NEXT, timeout, NULL);
        vecsink_row *one = NULL;
        CALL(0, vecsink_row_new, sink, &one);
        CALL(0, vecsink_row_set, one, 0, &row[0]);
        CALL(0, vecsink_row_set_named, one, "name", &row[1]);
        CALL(timeout, vecsink_sink_push_row, sink, one, VECSINK_NEXT, timeout, NULL);
        CALL(0, vecsink_row_clear, one);
        TIMED(0, "vecsink_row_free", vecsink_row_free(one));
        const int64_t ids[] = {3, 4};
        const vecsink_column columns[] = {new_column("id", VECSINK_COLUMN_I64, ids, 2),
                                          new_column("name", VECSINK_COLUMN_NULL, NULL, 0)};
        vecsink_pushed came;
        CALL(timeout, vecsink_sink_push_batch, sink, columns, 2, 2, VECSINK_NEXT, timeout, &came);
        push_arrow(sink, timeout);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 5);
    memset(text, 'x', TEXT_BYTES);
    CHECK(sem_init(&may_return, 0, 0) == 0);
    OK(vecsink_log_set, VECSINK_LOG_WARN, logged, NULL);
    vecsink_sink *sink = opened(argv, "ends", 0, NULL);
    vecsink_sink *freed = opened(argv, "freed", 0, NULL);
    vecsink_sink *shared = opened(argv, NULL, 0, NULL);
    vecsink_sink *called_back = opened(argv, NULL, 0, waits_for_the_host);
    vecsink_sink *fails = opened(argv, NULL, 3000, NULL);
    while (atomic_load(&called) == 0) {}
    vecsink_pipeline *job = started(argv, "stopped"), *left = started(argv, "left"), *twice = started(argv, "twice");
    pthread_t watch;
    CHECK(pthread_create(&watch, NULL, measure, NULL) == 0);
    puts("open");
    fflush(stdout);
    char line[16];
    CHECK(fgets(line, sizeof line, stdin) != NULL);

    vecsink_sink *all[] = {freed, shared, called_back, fails};
    for (size_t at = 0; at < 4; at++) push(all[at], 2);
    /* The sink's max_outage of 3 s, and one second more. */
    CALL(4000, vecsink_sink_wait_durable, fails, 1, 4000);
    pushes(sink);
    without_a_server(argv, sink);
    CALL(500, vecsink_sink_flush, sink, 500);
    CALL(500, vecsink_sink_wait_durable, sink, 1, 500);
    vecsink_sink *another = NULL;
    CALL(CONNECT_MS, vecsink_sink_open, argv[1], argv[2], &another);
    vecsink_sink_builder *builder = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "yet another");
    CALL(CONNECT_MS, vecsink_sink_builder_open, builder, &another);
    vecsink_sink_builder_free(builder);

    vecsink_stats stats = new_stats();
    CALL(0, vecsink_pipeline_stats, job, &stats);
    CALL(500, vecsink_pipeline_wait, job, 500);
    vecsink_pipeline_builder *jobs = attached(argv, "another");
    vecsink_pipeline *started_late = NULL;
    CALL(CONNECT_MS, vecsink_pipeline_builder_start, jobs, &started_late);
    vecsink_pipeline_builder_free(jobs);
    CALL(1000, vecsink_pipeline_stop, job, 1000, &stats);
    CALL(0, vecsink_pipeline_stop, job, 60000, NULL);
    CALL(0, vecsink_pipeline_wait, job, 60000);
    TIMED(0, "vecsink_pipeline_free", vecsink_pipeline_free(job));
    TIMED(0, "vecsink_pipeline_free", vecsink_pipeline_free(left));
    pthread_t patient;
    CHECK(pthread_create(&patient, NULL, closes_for_ever, shared) == 0);
    const vecsink_value key = vecsink_i64(1);
    while (vecsink_sink_delete(shared, &key, 1, VECSINK_NEXT, 0, NULL, NULL) != VECSINK_CLOSED) {}
    CALL(1000, vecsink_sink_close, shared, 1000, NULL);
    CHECK(pthread_create(&patient, NULL, stops_for_ever, twice) == 0);
    while (!atomic_load(&stopping)) {}
    CALL(500, vecsink_pipeline_stop, twice, 500, NULL);
    CALL(0, vecsink_pipeline_stop, twice, 0, NULL);

    CALL(1000, vecsink_sink_close, called_back, 1000, NULL);
    CALL(0, vecsink_sink_close, called_back, 60000, NULL);
    TIMED(0, "vecsink_sink_free", vecsink_sink_free(called_back));
    sem_post(&may_return);
    CALL(1000, vecsink_sink_close, sink, 1000, &stats);
    CALL(0, vecsink_sink_close, sink, 60000, NULL);
    TIMED(0, "vecsink_sink_free", vecsink_sink_free(sink));
    TIMED(5000, "vecsink_sink_free", vecsink_sink_free(freed));
    return 0;
}
