/* Opens and closes handles many times. The memory stays that of the first rounds: loops URL TABLE SINKS OTHERS.
 * The table: id bigint PRIMARY KEY, name text. */
#include <unistd.h>

#include "check.h"

/* Resident bytes. */
static size_t resident(void) {
    unsigned long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%lu %lu", &total, &pages) == 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void on_durable(void *user_data, uint64_t durable) {
    *(uint64_t *)user_data = durable;
}

static void one_sink(char **argv, long round) {
    uint64_t durable = 0;
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_on_durable, builder, on_durable, &durable);
    OK(vecsink_sink_builder_open, builder, &sink);
    const vecsink_value row[] = {vecsink_i64(round), vecsink_text("again")};
    OK(vecsink_sink_push, sink, row, 2, VECSINK_NEXT, -1, NULL);
    if (round % 2 == 0) {
        OK(vecsink_sink_close, sink, 60000, NULL);
        CHECK(durable == 1);
    }
    vecsink_sink_free(sink);
    vecsink_sink_builder_free(builder);
}

static void others(char **argv, vecsink_sink *sink) {
    vecsink_sink_builder *builder = NULL;
    vecsink_pipeline_builder *job = NULL;
    vecsink_row *row = NULL;
    const vecsink_value text = vecsink_text("a text that is longer than any small buffer would be");
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_option, builder, "batchsize", "17");
    OK(vecsink_pipeline_builder_new, "SELECT 1", &job);
    OK(vecsink_row_new, sink, &row);
    OK(vecsink_row_set, row, 1, &text);
    EXPECT(VECSINK_REJECTED, vecsink_sink_push_row, sink, row, VECSINK_NEXT, -1, NULL);
    EXPECT(VECSINK_INVALID_HANDLE, vecsink_sink_flush, (vecsink_sink *)row, 0);
    vecsink_row_free(row);
    vecsink_pipeline_builder_free(job);
    vecsink_sink_builder_free(builder);
}

/* Runs rounds. After the first part of them, the memory may not grow by more than `slack`. */
#define ROUNDS(count, slack, round, body)                                                                       \
    do {                                                                                                        \
        size_t before = 0;                                                                                      \
        for (long round = 0; round < (count); round++) {                                                        \
            if (round == (count) / 4) {                                                                         \
                before = resident();                                                                            \
            }                                                                                                   \
            body;                                                                                               \
        }                                                                                                       \
        size_t after = resident();                                                                              \
        printf("%ld rounds: %zu kB, then %zu kB\n", (long)(count), before >> 10, after >> 10);                  \
        CHECK(after < before + (slack));                                                                        \
    } while (0)

int main(int argc, char **argv) {
    CHECK(argc == 5);
    long sinks = atol(argv[3]), rounds = atol(argv[4]);
    ROUNDS(sinks, (size_t)8 << 20, round, one_sink(argv, round));
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    ROUNDS(rounds, (size_t)2 << 20, round, others(argv, sink));
    vecsink_sink_free(sink);
    return 0;
}
