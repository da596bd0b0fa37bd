/* How the host's environment affects the library, and what programs that the host starts inherit from the library:
 * surroundings URL TABLE BROKERS AUTHORITY TOPIC. The table: id bigint PRIMARY KEY; the topic: csv, one id a record, over TLS. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

static void hear(void *user_data, uint64_t durable) {
    (void)user_data;
    (void)durable;
}

enum { MOST = 1024 };

/* The descriptors that this process has inherited itself. */
static bool own[MOST];

static void note_own(void) {
    for (int number = 0; number < MOST; number++) {
        own[number] = fcntl(number, F_GETFD) >= 0;
    }
}

/* Fails if a program that this process starts would inherit a descriptor of the library. */
static void none_is_inherited(const char *when) {
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    int inherited = 0, open = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const int number = atoi(entry->d_name);
        CHECK(number < MOST);
        const int flags = own[number] ? -1 : fcntl(number, F_GETFD);
        open += flags >= 0;
        if (flags >= 0 && !(flags & FD_CLOEXEC)) {
            char name[64], target[256] = "";
            snprintf(name, sizeof name, "/proc/self/fd/%d", number);
            CHECK(readlink(name, target, sizeof target - 1) > 0);
            fprintf(stderr, "%s: %s is %s\n", when, name, target);
            inherited++;
        }
    }
    closedir(folder);
    CHECK(open > 1);
    CHECK(inherited == 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 6);
    note_own();
    /* A sink with everything that needs descriptors. */
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "surroundings");
    OK(vecsink_sink_builder_on_durable, builder, hear, NULL);
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    const vecsink_value row = vecsink_i64(-1);
    OK(vecsink_sink_push, sink, &row, 1, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_flush, sink, 60000);
    none_is_inherited("a sink");

    vecsink_pipeline_builder *attached = NULL;
    vecsink_pipeline *job = NULL;
    OK(vecsink_pipeline_builder_attach, argv[1], argv[2], &attached);
    OK(vecsink_pipeline_builder_column, attached, "id", "BIGINT");
    OK(vecsink_pipeline_builder_source_option, attached, "topic", argv[5]);
    OK(vecsink_pipeline_builder_source_option, attached, "properties.bootstrap.servers", argv[3]);
    OK(vecsink_pipeline_builder_source_option, attached, "properties.security.protocol", "SSL");
    OK(vecsink_pipeline_builder_source_option, attached, "properties.ssl.truststore.location", argv[4]);
    OK(vecsink_pipeline_builder_source_option, attached, "properties.ssl.truststore.type", "PEM");
    OK(vecsink_pipeline_builder_source_option, attached, "format", "csv");
    OK(vecsink_pipeline_builder_source_option, attached, "scan.startup.mode", "earliest-offset");
    OK(vecsink_pipeline_builder_source_option, attached, "scan.bounded.mode", "latest-offset");
    OK(vecsink_pipeline_builder_start, attached, &job);
    vecsink_pipeline_builder_free(attached);
    none_is_inherited("a job");
    OK(vecsink_pipeline_wait, job, 60000);
    OK(vecsink_pipeline_stop, job, 60000, NULL);
    vecsink_pipeline_free(job);

    OK(vecsink_sink_close, sink, 60000, NULL);
    vecsink_sink_free(sink);
    return 0;
}
