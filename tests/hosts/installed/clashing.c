/* A host that links libvecsink.a and defines functions with the names of librdkafka's, OpenSSL's and zstd's. Each side must call its own.
 * clashing JOB.sql: the job uses Kafka. */
#include <stdio.h>
#include <stdlib.h>
#include <vecsink.h>

static int called;

void *rd_kafka_new(void);
void *SSL_new(void);
void *EVP_sha256(void);
size_t ZSTD_compress(void);
void *RAND_bytes(void);
int inflate(void);
void rust_eh_personality(void);

void *rd_kafka_new(void) { return ++called, NULL; }
void *SSL_new(void) { return ++called, NULL; }
void *EVP_sha256(void) { return ++called, NULL; }
void *RAND_bytes(void) { return ++called, NULL; }
size_t ZSTD_compress(void) { return (size_t)++called; }
int inflate(void) { return ++called; }
void rust_eh_personality(void) { ++called; }

static void must(vecsink_code code, vecsink_error *error) {
    if (code != VECSINK_OK) {
        fprintf(stderr, "%s: %s\n", vecsink_code_name(code), vecsink_error_message(error));
        exit(1);
    }
}

int main(int argc, char **argv) {
    static char sql[65536];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL || fread(sql, 1, sizeof sql - 1, file) == 0) {
        return 2;
    }
    fclose(file);
    vecsink_error *error = NULL;
    vecsink_pipeline_builder *builder = NULL;
    vecsink_pipeline *job = NULL;
    must(vecsink_pipeline_builder_new(sql, &builder, &error), error);
    must(vecsink_pipeline_builder_start(builder, &job, &error), error);
    vecsink_pipeline_builder_free(builder);
    must(vecsink_pipeline_wait(job, 120000, &error), error);
    vecsink_stats stats = {.size = sizeof stats};
    must(vecsink_pipeline_stop(job, 25000, &stats, &error), error);
    vecsink_pipeline_free(job);
    if (called != 0) {
        fprintf(stderr, "the library called the host's functions %d times\n", called);
        return 1;
    }
    rd_kafka_new();
    SSL_new();
    EVP_sha256();
    RAND_bytes();
    ZSTD_compress();
    inflate();
    rust_eh_personality();
    printf("%llu rows written, %d functions of the host's own\n", (unsigned long long)stats.rows_written, called);
    return 0;
}
