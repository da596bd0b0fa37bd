/* Runs a Flink SQL job inside this program, until its source ends or SIGINT comes.
 *
 *     cc run_job.c $(pkg-config --cflags --libs vecsink) -o run_job
 *     PGHOST=db PGPORT=5432 PGUSER=me PGPASSWORD=… KAFKA_BROKERS=kafka:9092 ./run_job car_info.sql
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vecsink.h>

/* The library leaves signals to the program. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static void on_log(void *user_data, int32_t level, const char *message, size_t length) {
    (void)user_data;
    fprintf(stderr, "%s %.*s\n", level <= VECSINK_LOG_WARN ? "!" : " ", (int)length, message);
}

/* The file's text. The caller frees it. NULL if the file can't be read. */
static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        long length = ftell(file);
        rewind(file);
        text = length < 0 ? NULL : calloc((size_t)length + 1, 1);
        if (text != NULL && fread(text, 1, (size_t)length, file) != (size_t)length) {
            free(text);
            text = NULL;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

int main(int argc, char **argv) {
    char *sql = argc == 2 ? read_file(argv[1]) : NULL;
    if (sql == NULL) {
        if (argc == 2) {
            fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        } else {
            fprintf(stderr, "usage: %s JOB.sql\n", argv[0]);
        }
        return 2;
    }
    vecsink_log_set(VECSINK_LOG_INFO, on_log, NULL, NULL);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);

    vecsink_pipeline_builder *builder = NULL;
    vecsink_pipeline *job = NULL;
    vecsink_error *error = NULL;
    vecsink_stats stats = {.size = sizeof stats};
    /* All errors in the job are reported at once, one on each line, before anything is opened. ${NAME} is taken from the
     * environment. */
    vecsink_code code = vecsink_pipeline_builder_new(sql, &builder, &error);
    if (code == VECSINK_OK) {
        code = vecsink_pipeline_builder_start(builder, &job, &error);
    }
    vecsink_pipeline_builder_free(builder);
    free(sql);

    if (code == VECSINK_OK) {
        do {
            vecsink_error_free(error);
            code = vecsink_pipeline_wait(job, 200, &error);
            if (vecsink_pipeline_stats(job, &stats, NULL) == VECSINK_OK) {
                fprintf(stderr, "\r%" PRIu64 " rows written, %" PRIu64 " to come ", stats.rows_written, stats.lag);
            }
        } while (code == VECSINK_TIMED_OUT && !interrupted);
        vecsink_error_free(error);
        /* Writes the rows that were read and stores the progress; the next start goes on there. */
        code = vecsink_pipeline_stop(job, 25000, &stats, &error);
        fprintf(stderr, "\n");
    }
    if (code == VECSINK_OK) {
        printf("%" PRIu64 " rows written\n", stats.rows_written);
    } else {
        fprintf(stderr, "%s: %s\n", vecsink_code_name(code), vecsink_error_message(error));
    }
    vecsink_error_free(error);
    vecsink_pipeline_free(job);
    return code == VECSINK_OK ? 0 : 1;
}
