/* A host that has used up its descriptors or its threads: exhausted URL TABLE. The table: id bigint PRIMARY KEY. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void hear(void *user_data, uint64_t durable) {
    (void)user_data;
    (void)durable;
}

/* Opens a sink with a stream and a callback, pushes a row and closes the sink. Returns the code of the first
 * failure; last_message has its text. */
static vecsink_code use(char **argv, int64_t id) {
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    vecsink_error *error = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "exhausted");
    OK(vecsink_sink_builder_on_durable, builder, hear, NULL);
    vecsink_code code = vecsink_sink_builder_open(builder, &sink, &error);
    vecsink_sink_builder_free(builder);
    if (code == VECSINK_OK) {
        const vecsink_value row = vecsink_i64(id);
        code = vecsink_sink_push(sink, &row, 1, VECSINK_NEXT, 10000, NULL, &error);
        if (code == VECSINK_OK) {
            code = vecsink_sink_close(sink, 10000, NULL, &error);
        }
    }
    vecsink_sink_free(sink);
    snprintf(last_message, sizeof last_message, "%s", vecsink_error_message(error));
    CHECK(code == VECSINK_OK || vecsink_error_is_retryable(error));
    vecsink_error_free(error);
    return code;
}

/* Starts a job, without a broker: it fails in any case. */
static vecsink_code start_job(char **argv) {
    vecsink_pipeline_builder *builder = NULL;
    vecsink_pipeline *pipeline = NULL;
    vecsink_error *error = NULL;
    OK(vecsink_pipeline_builder_attach, argv[1], argv[2], &builder);
    OK(vecsink_pipeline_builder_column, builder, "id", "BIGINT");
    OK(vecsink_pipeline_builder_source_option, builder, "properties.bootstrap.servers", "127.0.0.1:1");
    OK(vecsink_pipeline_builder_source_option, builder, "properties.group.id", "exhausted");
    OK(vecsink_pipeline_builder_source_option, builder, "topic", "exhausted");
    OK(vecsink_pipeline_builder_source_option, builder, "format", "csv");
    const vecsink_code code = vecsink_pipeline_builder_start(builder, &pipeline, &error);
    vecsink_pipeline_builder_free(builder);
    vecsink_pipeline_free(pipeline);
    snprintf(last_message, sizeof last_message, "%s", vecsink_error_message(error));
    vecsink_error_free(error);
    return code;
}

/* A failure must name its cause, and must not speak of a bug. */
static bool worked(vecsink_code code, const char *cause, int left) {
    if (code == VECSINK_OK) {
        return true;
    }
    if (code != VECSINK_TARGET || strstr(last_message, cause) == NULL || strstr(last_message, "internal") != NULL) {
        fprintf(stderr, "%d left: %s: %s\n", left, vecsink_code_name(code), last_message);
        exit(1);
    }
    return false;
}

static void descriptors(char **argv) {
    enum { LIMIT = 64 };
    const struct rlimit limit = {LIMIT, LIMIT};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    bool ok = false;
    for (int left = 0; !ok; left++) {
        int taken[LIMIT], count = 0;
        for (int number; (number = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) {
            taken[count++] = number;
        }
        CHECK(left <= count);
        for (int at = 0; at < left; at++) {
            close(taken[--count]);
        }
        ok = worked(use(argv, left), "Too many open files", left);
        CHECK(ok || left < 8);
        while (count > 0) {
            close(taken[--count]);
        }
    }
}

static void threads(char **argv) {
    /* The limit doesn't hold for the superuser. So the process changes to a user that has no process yet. */
    CHECK(getuid() != 0 || setuid(1000000 + (uid_t)getpid()) == 0);
    const struct rlimit none = {1, 1};
    CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
    CHECK(!worked(use(argv, -1), "the system couldn't create a thread", 0));
    CHECK(!worked(start_job(argv), "the system couldn't create a thread", 0));
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        threads(argv);
        exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    descriptors(argv);
    return 0;
}
