/* A stream that is pushed exactly once: once URL TABLE push, or once URL TABLE fence. The table: id bigint, name text CHECK
 * (name <> 'refused'), without a key. */
#include <time.h>

#include "check.h"

enum { ROWS = 6000 };

static vecsink_sink *open_stream(char **argv) {
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "cars");
    OK(vecsink_sink_builder_delivery_guarantee, builder, VECSINK_EXACTLY_ONCE);
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_delivery_guarantee, builder, 2);
    OK(vecsink_sink_builder_option, builder, "deadletter", "table:rejected");
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    return sink;
}

static void push(vecsink_sink *sink, uint64_t number, const char *name) {
    const vecsink_value row[] = {vecsink_i64((int64_t)number), vecsink_text(name)};
    uint64_t got = 0;
    OK(vecsink_sink_push, sink, row, 2, number, -1, &got);
    CHECK(got == number);
}

static void push_all(vecsink_sink *sink) {
    const uint64_t position = vecsink_sink_resume_position(sink);
    for (uint64_t number = position > 10 ? position - 10 : 0; number < ROWS; ++number) {
        push(sink, number, number % 100 == 7 ? "refused" : "fine");
        if (number % 100 == 0) nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    vecsink_stats stats = new_stats();
    OK(vecsink_sink_close, sink, 60000, &stats);
    CHECK(stats.durable == ROWS && stats.rows_repeated >= (position > 10 ? 10 : position));
    CHECK(stats.rows_read == stats.rows_written + stats.rows_dead_lettered);
    vecsink_sink_free(sink);
}

static void fence(char **argv) {
    vecsink_sink *first = open_stream(argv);
    const vecsink_value row[] = {vecsink_i64(0), vecsink_text("none")};
    EXPECT(VECSINK_SHAPE, vecsink_sink_push, first, row, 2, VECSINK_NEXT, -1, NULL);
    push(first, 0, "first");
    OK(vecsink_sink_wait_durable, first, 0, 60000);
    vecsink_sink *second = open_stream(argv);
    /* Its transaction is rolled back, or it has noticed already when it stored its position. */
    const vecsink_code code = vecsink_sink_push(first, row, 2, 1, -1, NULL, NULL);
    CHECK(code == VECSINK_OK || code == VECSINK_FENCED);
    EXPECT(VECSINK_FENCED, vecsink_sink_wait_durable, first, 1, 60000);
    EXPECT(VECSINK_FENCED, vecsink_sink_push, first, row, 2, 2, -1, NULL);
    EXPECT(VECSINK_FENCED, vecsink_sink_close, first, 60000, NULL);
    vecsink_sink_free(first);
    push(second, 1, "second");
    OK(vecsink_sink_close, second, 60000, NULL);
    vecsink_sink_free(second);
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    if (strcmp(argv[3], "fence") == 0) {
        fence(argv);
    } else {
        push_all(open_stream(argv));
    }
    return 0;
}
