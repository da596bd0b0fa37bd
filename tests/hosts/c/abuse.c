/* Hostile calls: each must give an error code, and none may crash: abuse URL TABLE.
 * The table: id bigint PRIMARY KEY, name text, yes bool, seen timestamptz, v vector(3). */
#include <limits.h>

#include "check.h"

static int count;

/* One hostile call, with its name in the list that the program prints. */
#define HOSTILE(what, code, function, ...)          \
    do {                                            \
        EXPECT(code, function, __VA_ARGS__);        \
        printf("%d. %s: %s\n", ++count, what, last_message); \
    } while (0)

static vecsink_value row[5];
static vecsink_column columns[5];
static int64_t ids[4] = {1, 2, 3, 4};
static const char *names[4] = {"a", "b", "c", "d"};
static uint8_t yes[4] = {0, 1, 1, 0};
static int64_t seen[4] = {0, 1, 2, 3};
static float matrix[13];

/* A row and a batch without errors. */
static void good(void) {
    static const float vector[3] = {1, 2, 3};
    row[0] = vecsink_i64(1);
    row[1] = vecsink_text("fine");
    row[2] = vecsink_bool(true);
    row[3] = vecsink_instant(0, 0);
    row[4] = vecsink_vector_f32(vector, 3);
    columns[0] = new_column("id", VECSINK_COLUMN_I64, ids, 4);
    columns[1] = new_column("name", VECSINK_COLUMN_STR_POINTERS, names, 4);
    columns[2] = new_column("yes", VECSINK_COLUMN_BOOL, yes, 4);
    columns[3] = new_column("seen", VECSINK_COLUMN_INSTANT, seen, 4);
    columns[4] = new_column("v", VECSINK_COLUMN_MATRIX_F32, matrix, 12);
    columns[4].dimension = 3;
}

static vecsink_sink *sink;

#define BAD_VALUE(what, code, at, value)                                                    \
    do {                                                                                    \
        good();                                                                             \
        row[at] = (value);                                                                  \
        HOSTILE(what, code, vecsink_sink_push, sink, row, 5, VECSINK_NEXT, 0, NULL);        \
    } while (0)

#define BAD_COLUMN(what, code, at, change)                                                  \
    do {                                                                                    \
        good();                                                                             \
        vecsink_column *column = &columns[at];                                              \
        change;                                                                             \
        HOSTILE(what, code, vecsink_sink_push_batch, sink, columns, 5, 4, VECSINK_NEXT, 0, NULL); \
    } while (0)

static void builders(const char *url, const char *table) {
    vecsink_sink_builder *builder = NULL;
    HOSTILE("no URL", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_new, NULL, table, &builder);
    CHECK(builder == NULL);
    HOSTILE("no place for the handle", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_new, url, table, NULL);
    HOSTILE("a URL that isn't UTF-8", VECSINK_INVALID_UTF8, vecsink_sink_builder_new, "\xff\xfe", table, &builder);
    HOSTILE("no builder", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_option, NULL, "batchsize", "1");
    HOSTILE("a made-up builder", VECSINK_INVALID_HANDLE, vecsink_sink_builder_option, (vecsink_sink_builder *)&builder, "a", "b");
    CHECK(vecsink_sink_builder_deletes(NULL, true, (vecsink_error **)((char *)&builder + 1)) == VECSINK_INVALID_ARGUMENT);
    printf("%d. a place for the error that isn't aligned\n", ++count);

    OK(vecsink_sink_builder_new, url, table, &builder);
    HOSTILE("no names", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_columns, builder, NULL, 3);
    HOSTILE("no name among names", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_columns, builder,
            (const char *const[]){"id", NULL}, 2);
    HOSTILE("more names than memory", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_columns, builder, names, SIZE_MAX);
    HOSTILE("no option's name", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_option, builder, NULL, "x");
    HOSTILE("a callback that is NULL", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_on_durable, builder, NULL, NULL);
    vecsink_sink *none = (vecsink_sink *)&count;
    OK(vecsink_sink_builder_option, builder, "batchsise", "1");
    OK(vecsink_sink_builder_option, builder, "conflictmode", "perhaps");
    HOSTILE("options that don't exist", VECSINK_CONFIG, vecsink_sink_builder_open, builder, &none);
    CHECK(none == NULL && strstr(last_message, "batchsise") && strstr(last_message, "perhaps"));
    HOSTILE("a builder that was opened", VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_open, builder, &none);
    vecsink_sink_builder_free(builder);
    vecsink_sink_builder_free(builder);
    HOSTILE("a freed builder", VECSINK_INVALID_HANDLE, vecsink_sink_builder_stream, builder, "s");

    HOSTILE("a URL that is none", VECSINK_CONFIG, vecsink_sink_open, "postgres is where?", table, &none);
    HOSTILE("a table that isn't there", VECSINK_TARGET, vecsink_sink_open, url, "public.no_such_table_at_all", &none);
    HOSTILE("a table's name that is none", VECSINK_CONFIG, vecsink_sink_open, url, "a.b.c.d", &none);
    OK(vecsink_sink_builder_new, url, table, &builder);
    OK(vecsink_sink_builder_buffer_memory, builder, 0);
    HOSTILE("a buffer of nothing", VECSINK_CONFIG, vecsink_sink_builder_open, builder, &none);
    vecsink_sink_builder_free(builder);
}

static void values(void) {
    good();
    HOSTILE("no values", VECSINK_INVALID_ARGUMENT, vecsink_sink_push, sink, NULL, 5, VECSINK_NEXT, 0, NULL);
    HOSTILE("values that aren't aligned", VECSINK_INVALID_ARGUMENT, vecsink_sink_push, sink,
            (const vecsink_value *)((const char *)row + 1), 5, VECSINK_NEXT, 0, NULL);
    HOSTILE("too few values", VECSINK_SHAPE, vecsink_sink_push, sink, row, 4, VECSINK_NEXT, 0, NULL);
    HOSTILE("more values than memory", VECSINK_SHAPE, vecsink_sink_push, sink, row, SIZE_MAX, VECSINK_NEXT, 0, NULL);
    HOSTILE("a place for the number that isn't aligned", VECSINK_INVALID_ARGUMENT, vecsink_sink_push, sink, row, 5,
            VECSINK_NEXT, 0, (uint64_t *)((char *)ids + 1));
    HOSTILE("a sequence beyond all", VECSINK_OUT_OF_ORDER, vecsink_sink_push, sink, row, 5, (uint64_t)INT64_MAX + 1, 0, NULL);

    vecsink_value value = vecsink_null();
    value.type = 99;
    BAD_VALUE("a type that doesn't exist", VECSINK_INVALID_ARGUMENT, 1, value);
    value.type = -1;
    BAD_VALUE("a negative type", VECSINK_INVALID_ARGUMENT, 1, value);
    BAD_VALUE("a text longer than memory", VECSINK_INVALID_ARGUMENT, 1, vecsink_str("x", SIZE_MAX));
    BAD_VALUE("a text without memory", VECSINK_INVALID_ARGUMENT, 1, vecsink_str(NULL, 10));
    BAD_VALUE("a text that isn't UTF-8", VECSINK_INVALID_UTF8, 1, vecsink_str("a\xff", 2));
    BAD_VALUE("half a character", VECSINK_INVALID_UTF8, 1, vecsink_str("\xe2\x82", 2));
    BAD_VALUE("a text with a NUL", VECSINK_REJECTED, 1, vecsink_str("a\0b", 3));
    BAD_VALUE("a vector that isn't aligned", VECSINK_INVALID_ARGUMENT, 4,
              vecsink_vector_f32((const float *)((const char *)matrix + 1), 3));
    BAD_VALUE("a vector longer than memory", VECSINK_INVALID_ARGUMENT, 4, vecsink_vector_f64((const double *)ids, SIZE_MAX / 2));
    BAD_VALUE("a vector without memory", VECSINK_INVALID_ARGUMENT, 4, vecsink_vector_f16(NULL, 3));
    BAD_VALUE("a vector of another dimension", VECSINK_REJECTED, 4, vecsink_vector_f32(matrix, 2));
    value = vecsink_i64(2);
    value.type = VECSINK_BOOL;
    BAD_VALUE("a truth of 2", VECSINK_INVALID_ARGUMENT, 2, value);
    BAD_VALUE("more nanoseconds than a second has", VECSINK_INVALID_ARGUMENT, 3, vecsink_instant(0, 1000000000));
    BAD_VALUE("an instant beyond all calendars", VECSINK_REJECTED, 3, vecsink_instant(INT64_MAX, 0));
    value = vecsink_i64(INT64_MIN);
    value.type = VECSINK_DATE;
    BAD_VALUE("a date beyond all calendars", VECSINK_INVALID_ARGUMENT, 3, value);
    BAD_VALUE("a decimal of 200 places", VECSINK_INVALID_ARGUMENT, 0, vecsink_decimal_of(0, 1, 200));
    BAD_VALUE("a decimal of more than 38 digits", VECSINK_INVALID_ARGUMENT, 0, vecsink_decimal_of(INT64_MAX, 0, 0));
    BAD_VALUE("NULL for a key", VECSINK_REJECTED, 0, vecsink_null());
    static vecsink_value self[2];
    self[0] = vecsink_array(self, 2);
    self[1] = vecsink_array(self, 2);
    BAD_VALUE("an array that holds itself", VECSINK_INVALID_ARGUMENT, 1, self[0]);
    BAD_VALUE("an array longer than memory", VECSINK_INVALID_ARGUMENT, 1, vecsink_array(self, SIZE_MAX / 8));
}

static void batches(void) {
    good();
    HOSTILE("no columns", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_batch, sink, NULL, 5, 4, VECSINK_NEXT, 0, NULL);
    HOSTILE("none of the columns", VECSINK_SHAPE, vecsink_sink_push_batch, sink, columns, 0, 4, VECSINK_NEXT, 0, NULL);
    HOSTILE("more columns than memory", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_batch, sink, columns, SIZE_MAX, 4,
            VECSINK_NEXT, 0, NULL);
    HOSTILE("more rows than memory", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_batch, sink, columns, 5, SIZE_MAX,
            VECSINK_NEXT, 0, NULL);
    HOSTILE("more rows than the column has", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_batch, sink, columns, 5, 5,
            VECSINK_NEXT, 0, NULL);
    HOSTILE("too few columns", VECSINK_SHAPE, vecsink_sink_push_batch, sink, columns, 4, 4, VECSINK_NEXT, 0, NULL);
    vecsink_pushed pushed = {7, 7, 7, 7};
    HOSTILE("a place for the outcome that isn't aligned", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_batch, sink, columns,
            5, 4, VECSINK_NEXT, 0, (vecsink_pushed *)((char *)&pushed + 1));
    BAD_COLUMN("a column type that doesn't exist", VECSINK_INVALID_ARGUMENT, 0, column->type = 77);
    BAD_COLUMN("a column without memory", VECSINK_INVALID_ARGUMENT, 0, column->data = NULL);
    BAD_COLUMN("a column that isn't aligned", VECSINK_INVALID_ARGUMENT, 0, column->data = (char *)ids + 1);
    BAD_COLUMN("a stride that overflows", VECSINK_INVALID_ARGUMENT, 0, column->stride = SIZE_MAX / 2);
    BAD_COLUMN("a length that overflows", VECSINK_INVALID_ARGUMENT, 0, column->length = SIZE_MAX);
    BAD_COLUMN("a column the sink doesn't have", VECSINK_SHAPE, 0, column->name = "colour");
    BAD_COLUMN("a column twice", VECSINK_SHAPE, 0, column->name = "name");
    BAD_COLUMN("a name in all columns but one", VECSINK_SHAPE, 0, column->name = NULL);
    BAD_COLUMN("a name that isn't UTF-8", VECSINK_INVALID_UTF8, 0, column->name = "\x80");
    BAD_COLUMN("what is reserved", VECSINK_INVALID_ARGUMENT, 0, column->reserved[1] = 1);
    BAD_COLUMN("a validity beyond memory", VECSINK_INVALID_ARGUMENT, 0,
               (column->validity = yes, column->validity_offset = SIZE_MAX - 1));
    BAD_COLUMN("a boolean byte of 7", VECSINK_INVALID_ARGUMENT, 2, column->data = "\1\0\7\1");
    BAD_COLUMN("too few bits", VECSINK_INVALID_ARGUMENT, 2,
               (column->type = VECSINK_COLUMN_BITS, column->bit_offset = 1));
    BAD_COLUMN("a bit offset that overflows", VECSINK_INVALID_ARGUMENT, 2,
               (column->type = VECSINK_COLUMN_BITS, column->bit_offset = SIZE_MAX));
    BAD_COLUMN("a unit of time that doesn't exist", VECSINK_INVALID_ARGUMENT, 3, column->unit = 4);
    BAD_COLUMN("a text that isn't UTF-8", VECSINK_INVALID_UTF8, 1,
               column->data = ((const char *const[]){"a", "b\xc3", NULL, "d"}));
    BAD_COLUMN("no dimension", VECSINK_INVALID_ARGUMENT, 4, column->dimension = 0);
    BAD_COLUMN("a dimension that overflows", VECSINK_INVALID_ARGUMENT, 4, column->dimension = SIZE_MAX);
    BAD_COLUMN("rows of a matrix that overlap", VECSINK_INVALID_ARGUMENT, 4, column->stride = 2);
    BAD_COLUMN("a matrix too short", VECSINK_INVALID_ARGUMENT, 4, column->length = 11);
    BAD_COLUMN("a matrix that isn't aligned", VECSINK_INVALID_ARGUMENT, 4, column->data = (char *)matrix + 2);
    static const int32_t falling[5] = {0, 3, 2, 6, 9}, beyond[5] = {0, 3, 6, 9, 13}, negative[5] = {-3, 0, 3, 6, 9};
#define LISTS(at) (column->type = VECSINK_COLUMN_LISTS_F32, column->offsets = (at), column->offset_bits = 32)
    BAD_COLUMN("no offsets", VECSINK_INVALID_ARGUMENT, 4, LISTS(NULL));
    BAD_COLUMN("offsets that fall", VECSINK_INVALID_ARGUMENT, 4, LISTS(falling));
    BAD_COLUMN("offsets beyond the end", VECSINK_INVALID_ARGUMENT, 4, LISTS(beyond));
    BAD_COLUMN("negative offsets", VECSINK_INVALID_ARGUMENT, 4, LISTS(negative));
    BAD_COLUMN("offsets of 7 bits", VECSINK_INVALID_ARGUMENT, 4, (LISTS(falling), column->offset_bits = 7));
    BAD_COLUMN("offsets that aren't aligned", VECSINK_INVALID_ARGUMENT, 4, LISTS((const char *)falling + 1));
    BAD_COLUMN("a decimal's scale of -1", VECSINK_INVALID_ARGUMENT, 4,
               (column->type = VECSINK_COLUMN_DECIMAL128, column->scale = -1));
}

static void rows(void) {
    vecsink_row *filled = NULL;
    HOSTILE("a row of no sink", VECSINK_INVALID_ARGUMENT, vecsink_row_new, NULL, &filled);
    OK(vecsink_row_new, sink, &filled);
    vecsink_value value = vecsink_i64(1);
    HOSTILE("an index beyond all", VECSINK_INVALID_ARGUMENT, vecsink_row_set, filled, SIZE_MAX, &value);
    HOSTILE("no value", VECSINK_INVALID_ARGUMENT, vecsink_row_set, filled, 0, NULL);
    HOSTILE("no name", VECSINK_INVALID_ARGUMENT, vecsink_row_set_named, filled, NULL, &value);
    HOSTILE("a sink for a row", VECSINK_INVALID_HANDLE, vecsink_row_set, (vecsink_row *)sink, 0, &value);
    HOSTILE("a row for a sink", VECSINK_INVALID_HANDLE, vecsink_sink_flush, (vecsink_sink *)filled, 0);
    HOSTILE("a row without its key", VECSINK_REJECTED, vecsink_sink_push_row, sink, filled, VECSINK_NEXT, 0, NULL);
    vecsink_sink_free((vecsink_sink *)filled);
    OK(vecsink_row_clear, filled);
    vecsink_row_free(filled);
    vecsink_row_free(filled);
    HOSTILE("a freed row", VECSINK_INVALID_HANDLE, vecsink_sink_push_row, sink, filled, VECSINK_NEXT, 0, NULL);
    HOSTILE("a delete where none was announced", VECSINK_SHAPE, vecsink_sink_delete, sink, &value, 1, VECSINK_NEXT, 0, NULL);
}

static void others(void) {
    vecsink_stats stats = new_stats();
    HOSTILE("no stats", VECSINK_INVALID_ARGUMENT, vecsink_sink_stats, sink, NULL);
    stats.size = 0;
    HOSTILE("stats of no size", VECSINK_INVALID_ARGUMENT, vecsink_sink_stats, sink, &stats);
    stats.size = SIZE_MAX;
    HOSTILE("stats of any size", VECSINK_INVALID_ARGUMENT, vecsink_sink_close, sink, 0, &stats);
    HOSTILE("a row that was never pushed", VECSINK_TIMED_OUT, vecsink_sink_wait_durable, sink, UINT64_MAX - 1, 0);
    HOSTILE("the number of no row", VECSINK_INVALID_ARGUMENT, vecsink_sink_wait_durable, sink, VECSINK_NEXT, -1);
    HOSTILE("a log level that doesn't exist", VECSINK_INVALID_ARGUMENT, vecsink_log_set, 77, NULL, NULL);
    CHECK(vecsink_sink_column_index(sink, NULL) == -1 && vecsink_sink_column_name(sink, SIZE_MAX) == NULL);
    CHECK(vecsink_sink_column_count(NULL) == 0 && vecsink_sink_durable((vecsink_sink *)&stats) == 0);

    vecsink_error *error = NULL;
    CHECK(vecsink_sink_flush(NULL, 0, &error) == VECSINK_INVALID_ARGUMENT && error != NULL);
    CHECK(!vecsink_error_position(error, NULL, NULL, NULL) && vecsink_error_accepted(error) == 0);
    vecsink_error_free(error);
    vecsink_error_free(error);
    CHECK(vecsink_error_code(error) == VECSINK_INVALID_HANDLE && vecsink_error_message(error) != NULL);
    CHECK(vecsink_error_sqlstate(error) == NULL && !vecsink_error_is_retryable(error));
    CHECK(vecsink_error_code(NULL) == VECSINK_OK && vecsink_error_message(NULL)[0] == '\0');
    CHECK(vecsink_error_column((vecsink_error *)sink) == NULL);
    printf("%d. a freed error\n", ++count);
}

static void jobs(void) {
    vecsink_pipeline_builder *builder = NULL;
    vecsink_pipeline *pipeline = NULL;
    HOSTILE("no SQL", VECSINK_INVALID_ARGUMENT, vecsink_pipeline_builder_new, NULL, &builder);
    OK(vecsink_pipeline_builder_new, "SELECT FROM WHERE; ((", &builder);
    HOSTILE("SQL that is none", VECSINK_CONFIG, vecsink_pipeline_builder_start, builder, &pipeline);
    HOSTILE("a column of a job in SQL", VECSINK_INVALID_ARGUMENT, vecsink_pipeline_builder_column, builder, "a", "INT");
    HOSTILE("a builder of the other kind", VECSINK_INVALID_HANDLE, vecsink_sink_builder_deletes,
            (vecsink_sink_builder *)builder, true);
    vecsink_pipeline_builder_free(builder);
    OK(vecsink_pipeline_builder_attach, "nowhere", "'; DROP TABLE x", &builder);
    OK(vecsink_pipeline_builder_column, builder, "`", ") WITH (");
    OK(vecsink_pipeline_builder_source_option, builder, "'", "''';--");
    HOSTILE("a topic attached to nonsense", VECSINK_CONFIG, vecsink_pipeline_builder_start, builder, &pipeline);
    CHECK(pipeline == NULL);
    vecsink_pipeline_builder_free(builder);
    HOSTILE("a freed builder of a job", VECSINK_INVALID_HANDLE, vecsink_pipeline_builder_start, builder, &pipeline);
    HOSTILE("no job", VECSINK_INVALID_ARGUMENT, vecsink_pipeline_wait, NULL, 0);
    HOSTILE("a sink for a job", VECSINK_INVALID_HANDLE, vecsink_pipeline_stop, (vecsink_pipeline *)sink, 0, NULL);
    vecsink_pipeline_free((vecsink_pipeline *)sink);
    vecsink_pipeline_free((vecsink_pipeline *)ids);
}

static void arrow(void) {
    char memory[256];
    memset(memory, 0, sizeof memory);
    struct ArrowArray *array = (struct ArrowArray *)memory;
    struct ArrowSchema *schema = (struct ArrowSchema *)(memory + 128);
    HOSTILE("no Arrow array", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, sink, NULL, schema, VECSINK_NEXT, 0, NULL);
    HOSTILE("no Arrow schema", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, sink, array, NULL, VECSINK_NEXT, 0, NULL);
    HOSTILE("an Arrow array that was released", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, sink, array, schema,
            VECSINK_NEXT, 0, NULL);
    HOSTILE("an Arrow array that isn't aligned", VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, sink,
            (struct ArrowArray *)(memory + 1), schema, VECSINK_NEXT, 0, NULL);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    builders(argv[1], argv[2]);
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    values();
    batches();
    rows();
    others();
    jobs();
    arrow();

    /* No row of these calls was accepted, and the sink works. */
    vecsink_stats stats = new_stats();
    OK(vecsink_sink_stats, sink, &stats);
    CHECK(stats.rows_read == 0);
    good();
    OK(vecsink_sink_push, sink, row, 5, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_push_batch, sink, columns, 5, 4, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_close, sink, 60000, NULL);
    HOSTILE("a closed sink", VECSINK_CLOSED, vecsink_sink_push, sink, row, 5, VECSINK_NEXT, -1, NULL);
    HOSTILE("a wait for a row that will never come", VECSINK_CLOSED, vecsink_sink_wait_durable, sink, 1000000, -1);
    HOSTILE("a batch for a closed sink", VECSINK_CLOSED, vecsink_sink_push_batch, sink, columns, 5, 4, VECSINK_NEXT, -1, NULL);
    vecsink_sink_free(sink);
    vecsink_sink_free(sink);
    HOSTILE("a freed sink", VECSINK_INVALID_HANDLE, vecsink_sink_push, sink, row, 5, VECSINK_NEXT, -1, NULL);
    HOSTILE("the close of a freed sink", VECSINK_INVALID_HANDLE, vecsink_sink_close, sink, -1, NULL);
    CHECK(vecsink_sink_column_count(sink) == 0);
    vecsink_sink_free((vecsink_sink *)&stats);
    printf("%d hostile calls\n", count);
    return 0;
}
