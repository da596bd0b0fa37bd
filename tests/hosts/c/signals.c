/* The library doesn't change how signals are handled, and a broken connection raises no signal: signals URL TABLE. Between two rounds
 * the test breaks the connections: each round prints a line and waits for one. The table: id bigint PRIMARY KEY. */
#include <signal.h>

#include "check.h"

static struct sigaction before[NSIG];

static void same_as_before(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0) {
            CHECK(now.sa_handler == before[number].sa_handler && now.sa_flags == before[number].sa_flags);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, NULL, &before[number]);
    }
    CHECK(before[SIGPIPE].sa_handler == SIG_DFL);
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    for (int64_t round = 0; round < 5; round++) {
        for (int64_t id = 0; id < 1000; id++) {
            const vecsink_value row = vecsink_i64(round * 1000 + id);
            OK(vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, -1, NULL);
        }
        OK(vecsink_sink_flush, sink, 60000);
        puts("flushed");
        fflush(stdout);
        char line[16];
        CHECK(fgets(line, sizeof line, stdin) != NULL);
    }
    same_as_before();
    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_sink_free(sink);
    same_as_before();
    return 0;
}
