/* Every function of a sink returns by its deadline though the server answers no more: ends URL TABLE. After "open", and before the line
 * that is read, somebody cuts the way to the server. The URL's connect time-out is 2 s. The table: id bigint PRIMARY KEY. */
#include <time.h>

#include "check.h"

/* A deadline's second, and what a busy machine takes. */
#define GRACE_MS 3000

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Calls a function that has so many milliseconds. */
#define WITHIN(deadline_ms, name, call)                                                        \
    do {                                                                                       \
        const int64_t begun_ = now_ms();                                                       \
        call;                                                                                  \
        const int64_t took_ = now_ms() - begun_;                                               \
        printf("%s %" PRId64 " ms of %d\n", name, took_, (int)(deadline_ms));                   \
        CHECK(took_ < (deadline_ms) + GRACE_MS);                                               \
    } while (0)

static vecsink_sink *opened(char **argv, const char *stream) {
    vecsink_sink_builder *builder = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, stream);
    OK(vecsink_sink_builder_deletes, builder, true);
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    const vecsink_value row = vecsink_i64(1);
    OK(vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_flush, sink, 60000);
    return sink;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink_sink *sink = opened(argv, "ends");
    vecsink_sink *other = opened(argv, "other");
    puts("open");
    fflush(stdout);
    char line[16];
    CHECK(fgets(line, sizeof line, stdin) != NULL);

    const vecsink_value row = vecsink_i64(2);
    WITHIN(500, "vecsink_sink_push", OK(vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, 500, NULL));
    WITHIN(500, "vecsink_sink_push", OK(vecsink_sink_push, other, &row, 1, VECSINK_NEXT, 500, NULL));
    WITHIN(500, "vecsink_sink_delete", OK(vecsink_sink_delete, sink, &row, 1, VECSINK_NEXT, 500, NULL));
    vecsink_row *one = NULL;
    OK(vecsink_row_new, sink, &one);
    OK(vecsink_row_set, one, 0, &row);
    WITHIN(500, "vecsink_sink_push_row", OK(vecsink_sink_push_row, sink, one, VECSINK_NEXT, 500, NULL));
    vecsink_row_free(one);
    const int64_t ids[] = {3, 4};
    const vecsink_column column = new_column("id", VECSINK_COLUMN_I64, ids, 2);
    vecsink_pushed pushed;
    WITHIN(500, "vecsink_sink_push_batch",
           OK(vecsink_sink_push_batch, sink, &column, 1, 2, VECSINK_NEXT, 500, &pushed));
    WITHIN(500, "vecsink_sink_flush", EXPECT(VECSINK_TIMED_OUT, vecsink_sink_flush, sink, 500));
    WITHIN(500, "vecsink_sink_wait_durable", EXPECT(VECSINK_TIMED_OUT, vecsink_sink_wait_durable, sink, 1, 500));
    vecsink_stats stats = new_stats();
    WITHIN(0, "vecsink_sink_stats", OK(vecsink_sink_stats, sink, &stats));
    WITHIN(0, "vecsink_sink_durable", CHECK(vecsink_sink_durable(sink) == 1));
    WITHIN(0, "vecsink_sink_resume_position", CHECK(vecsink_sink_resume_position(sink) == 0));
    WITHIN(0, "vecsink_sink_column_count", CHECK(vecsink_sink_column_count(sink) == 1));
    WITHIN(0, "vecsink_sink_column_name", CHECK(vecsink_sink_column_name(sink, 0) != NULL));
    WITHIN(0, "vecsink_sink_column_index", CHECK(vecsink_sink_column_index(sink, "id") == 0));
    WITHIN(0, "vecsink_sink_key_count", CHECK(vecsink_sink_key_count(sink) == 1));
    WITHIN(0, "vecsink_sink_key_name", CHECK(vecsink_sink_key_name(sink, 0) != NULL));
    vecsink_sink *third = NULL;
    WITHIN(2000, "vecsink_sink_open", EXPECT(VECSINK_TARGET, vecsink_sink_open, argv[1], argv[2], &third));
    WITHIN(1000, "vecsink_sink_close", EXPECT(VECSINK_NOT_DURABLE, vecsink_sink_close, sink, 1000, NULL));
    WITHIN(0, "vecsink_sink_close", EXPECT(VECSINK_NOT_DURABLE, vecsink_sink_close, sink, 60000, NULL));
    WITHIN(0, "vecsink_sink_free", vecsink_sink_free(sink));
    WITHIN(5000, "vecsink_sink_free", vecsink_sink_free(other));
    return 0;
}
