/* Two sinks for one stream: the calls of the first one fail with FENCED: fenced URL TABLE. The table: id bigint PRIMARY KEY. */
#include <time.h>

#include "check.h"

static vecsink_sink *open_stream(char **argv) {
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "one");
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    return sink;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink_sink *first = open_stream(argv);
    vecsink_value row = vecsink_i64(1);
    OK(vecsink_sink_push, first, &row, 1, 41, -1, NULL);
    OK(vecsink_sink_flush, first, 60000);
    vecsink_sink *second = open_stream(argv);
    vecsink_error *error = NULL;
    vecsink_code code = VECSINK_OK;
    while (code == VECSINK_OK) {
        row.as.i64++;
        code = vecsink_sink_push(first, &row, 1, VECSINK_NEXT, -1, NULL, &error);
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    CHECK(code == VECSINK_FENCED && strstr(vecsink_error_message(error), "another") != NULL);
    CHECK(vecsink_error_is_in_doubt(error) && !vecsink_error_is_retryable(error));
    vecsink_error_free(error);
    vecsink_stats stats = new_stats();
    OK(vecsink_sink_stats, first, &stats);
    EXPECT(VECSINK_FENCED, vecsink_sink_wait_durable, first, stats.next, -1);
    EXPECT(VECSINK_FENCED, vecsink_sink_close, first, -1, NULL);
    vecsink_sink_free(first);

    row.as.i64++;
    OK(vecsink_sink_push, second, &row, 1, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_close, second, 60000, NULL);
    vecsink_sink_free(second);
    return 0;
}
