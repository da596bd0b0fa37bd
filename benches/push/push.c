/* Pushes vectors from C: push matrix|rows URL SCHEMA.TABLE ROWS DIMS. The table has the columns (id bigint, feature float4[]). The
 * rows are made before the clocks start. Prints one JSON object: rows, and seconds and CPU seconds from the first push until all are
 * durable. */
#include <stdio.h>
#include <string.h>

#include "push.h"
#include "vecsink.h"

static void done(vecsink_code code, vecsink_error *const *error) {
    if (code != VECSINK_OK) {
        fprintf(stderr, "%s: %s\n", vecsink_code_name(code), vecsink_error_message(*error));
        exit(1);
    }
}

static void push_matrix(vecsink_sink *sink, const int64_t *ids, const float *vectors, size_t rows, size_t dims) {
    vecsink_error *error = NULL;
    vecsink_column columns[2];
    memset(columns, 0, sizeof columns);
    columns[0].name = "id";
    columns[0].type = VECSINK_COLUMN_I64;
    columns[0].data = ids;
    columns[0].length = rows;
    columns[1].name = "feature";
    columns[1].type = VECSINK_COLUMN_MATRIX_F32;
    columns[1].data = vectors;
    columns[1].length = rows * dims;
    columns[1].dimension = dims;
    done(vecsink_sink_push_batch(sink, columns, 2, rows, VECSINK_NEXT, -1, NULL, &error), &error);
}

static void push_rows(vecsink_sink *sink, const int64_t *ids, const float *vectors, size_t rows, size_t dims) {
    vecsink_error *error = NULL;
    for (size_t row = 0; row < rows; row++) {
        const vecsink_value values[] = {vecsink_i64(ids[row]), vecsink_vector_f32(vectors + row * dims, dims)};
        done(vecsink_sink_push(sink, values, 2, VECSINK_NEXT, -1, NULL, &error), &error);
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        return 2;
    }
    const size_t rows = strtoull(argv[4], NULL, 10), dims = strtoull(argv[5], NULL, 10);
    float *vectors = malloc(rows * dims * sizeof *vectors);
    int64_t *ids = malloc(rows * sizeof *ids);
    if (vectors == NULL || ids == NULL) {
        return 1;
    }
    fill_vectors(vectors, rows * dims);
    for (size_t row = 0; row < rows; row++) {
        ids[row] = (int64_t)row;
    }
    vecsink_error *error = NULL;
    vecsink_sink_builder *builder = NULL;
    vecsink_sink *sink = NULL;
    done(vecsink_sink_builder_new(argv[2], argv[3], &builder, &error), &error);
    done(vecsink_sink_builder_option(builder, "conflictmode", "ignore", &error), &error);
    done(vecsink_sink_builder_open(builder, &sink, &error), &error);
    vecsink_sink_builder_free(builder);
    const double began = wall_seconds(), cpu = cpu_seconds();
    (strcmp(argv[1], "matrix") == 0 ? push_matrix : push_rows)(sink, ids, vectors, rows, dims);
    done(vecsink_sink_flush(sink, -1, &error), &error);
    printf("{\"rows\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", rows, wall_seconds() - began, cpu_seconds() - cpu);
    vecsink_sink_free(sink);
    free(vectors);
    free(ids);
    return 0;
}
