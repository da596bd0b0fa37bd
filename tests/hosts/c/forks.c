/* A host that forks while its sink has threads: forks URL TABLE. The table: id bigint PRIMARY KEY. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void push(vecsink_sink *sink, int64_t id) {
    const vecsink_value row = vecsink_i64(id);
    OK(vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, -1, NULL);
}

/* A child whose parent has an open sink: every call fails, and none hangs. */
static void child_of_open_parent(char **argv, vecsink_sink *sink, vecsink_row *filled) {
    const vecsink_value row = vecsink_i64(-1);
    vecsink_stats stats = new_stats();
    EXPECT(VECSINK_FORKED, vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, -1, NULL);
    EXPECT(VECSINK_FORKED, vecsink_sink_push_row, sink, filled, VECSINK_NEXT, -1, NULL);
    EXPECT(VECSINK_FORKED, vecsink_sink_flush, sink, -1);
    EXPECT(VECSINK_FORKED, vecsink_sink_stats, sink, &stats);
    EXPECT(VECSINK_FORKED, vecsink_sink_close, sink, -1, NULL);
    CHECK(vecsink_sink_durable(sink) == 0 && vecsink_sink_column_count(sink) == 0);
    vecsink_sink_free(sink);
    vecsink_row_free(filled);
    vecsink_sink *own = NULL;
    EXPECT(VECSINK_FORKED, vecsink_sink_open, argv[1], argv[2], &own);
}

/* A child whose parent has no open sink: it can open its own. */
static void child_with_own_sink(char **argv, int64_t id) {
    vecsink_sink *own = NULL;
    OK(vecsink_sink_open, argv[1], argv[2], &own);
    push(own, id);
    OK(vecsink_sink_close, own, 60000, NULL);
    vecsink_sink_free(own);
}

static void reap(pid_t child) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    enum { CHILDREN = 3 };
    pid_t children[CHILDREN];
    /* The library is loaded and has been called, but has no threads yet. */
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_flush, NULL, 0);
    for (int at = 0; at < CHILDREN; at++) {
        children[at] = fork();
        CHECK(children[at] >= 0);
        if (children[at] == 0) {
            child_with_own_sink(argv, -1 - at);
            exit(0);
        }
    }
    /* When all sinks of the parent are closed, freed or not, children can open their own. */
    for (int at = 0; at < CHILDREN; at++) {
        reap(children[at]);
        vecsink_sink *closed = NULL;
        OK(vecsink_sink_open, argv[1], argv[2], &closed);
        push(closed, -100 - at);
        OK(vecsink_sink_close, closed, 60000, NULL);
        if (at > 0) {
            vecsink_sink_free(closed);
        }
        children[at] = fork();
        CHECK(children[at] >= 0);
        if (children[at] == 0) {
            vecsink_stats stats = new_stats();
            EXPECT(VECSINK_FORKED, vecsink_sink_stats, closed, &stats);
            child_with_own_sink(argv, -200 - at);
            exit(0);
        }
    }
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    vecsink_row *filled = NULL;
    OK(vecsink_row_new, sink, &filled);
    for (int at = 0; at < CHILDREN; at++) {
        reap(children[at]);
    }
    for (int at = 0; at < CHILDREN; at++) {
        /* The sink is busy at the fork. */
        for (int64_t id = 0; id < 200; id++) {
            push(sink, at * 1000 + id);
        }
        fflush(NULL);
        children[at] = fork();
        CHECK(children[at] >= 0);
        if (children[at] == 0) {
            child_of_open_parent(argv, sink, filled);
            pid_t grandchild = fork();
            CHECK(grandchild >= 0);
            if (grandchild == 0) {
                child_of_open_parent(argv, sink, filled);
                exit(0);
            }
            reap(grandchild);
            exit(0);
        }
    }
    for (int at = 0; at < CHILDREN; at++) {
        reap(children[at]);
    }
    push(sink, 100000);
    OK(vecsink_sink_flush, sink, 60000);
    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_row_free(filled);
    vecsink_sink_free(sink);
    return 0;
}
