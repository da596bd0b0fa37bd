/* Everything that C programs can do with a sink, with a real server: tour URL TABLE.
 * The table: id bigint PRIMARY KEY, name text, price numeric(10,2), seen timestamptz, raw bytea, tags text[], v vector(3). */
#include <stdatomic.h>

#include "check.h"

static atomic_ullong told_durable;
static atomic_int told_rejected;
static char rejected_reason[512];
static uint64_t rejected_sequence;

static void on_durable(void *user_data, uint64_t durable) {
    CHECK(user_data == (void *)&told_durable);
    CHECK(durable > atomic_load(&told_durable));
    atomic_store(&told_durable, durable);
}

static void on_rejected(void *user_data, const vecsink_rejected *rejected) {
    CHECK(user_data == (void *)&told_rejected);
    rejected_sequence = rejected->sequence;
    snprintf(rejected_reason, sizeof rejected_reason, "%s %s %s %s", rejected->stage, rejected->reason,
             rejected->column ? rejected->column : "-", rejected->sqlstate ? rejected->sqlstate : "-");
    atomic_fetch_add(&told_rejected, 1);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    CHECK(strcmp(vecsink_version(), "0.1.0") == 0);
    CHECK(vecsink_version_number() == VECSINK_VERSION_NUMBER);
    CHECK(strcmp(vecsink_code_name(VECSINK_TIMED_OUT), "VECSINK_TIMED_OUT") == 0);
    CHECK(strcmp(vecsink_code_name(VECSINK_INTERNAL), "VECSINK_INTERNAL") == 0);
    CHECK(strcmp(vecsink_code_name(-1), "VECSINK_UNKNOWN") == 0);

    vecsink_sink_builder *builder = NULL;
    const char *columns[] = {"id", "name", "price", "seen", "raw", "tags", "v"};
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_columns, builder, columns, 7);
    OK(vecsink_sink_builder_option, builder, "conflictmode", "upsert");
    OK(vecsink_sink_builder_stream, builder, "tour");
    OK(vecsink_sink_builder_deletes, builder, true);
    OK(vecsink_sink_builder_linger, builder, 1000);
    OK(vecsink_sink_builder_buffer_memory, builder, 4 << 20);
    OK(vecsink_sink_builder_max_outage, builder, 60000);
    OK(vecsink_sink_builder_on_durable, builder, on_durable, &told_durable);
    OK(vecsink_sink_builder_on_rejected, builder, on_rejected, &told_rejected);
    vecsink_sink *sink = NULL;
    OK(vecsink_sink_builder_open, builder, &sink);
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_builder_open, builder, &(vecsink_sink *){NULL});
    vecsink_sink_builder_free(builder);

    CHECK(vecsink_sink_resume_position(sink) == 0);
    CHECK(vecsink_sink_column_count(sink) == 7);
    CHECK(strcmp(vecsink_sink_column_name(sink, 6), "v") == 0);
    CHECK(vecsink_sink_column_name(sink, 7) == NULL);
    CHECK(vecsink_sink_column_index(sink, "raw") == 4);
    CHECK(vecsink_sink_column_index(sink, "none") == -1);
    CHECK(vecsink_sink_key_count(sink) == 1 && strcmp(vecsink_sink_key_name(sink, 0), "id") == 0);

    /* Rows of values. */
    const float vector[] = {0.5f, -1.0f, 2.0f};
    const vecsink_value tags[] = {vecsink_text("new"), vecsink_null(), vecsink_text("red")};
    vecsink_value row[] = {vecsink_i64(1),
                           vecsink_text("lamp \xe2\x82\xac"),
                           vecsink_decimal_of(0, 1999, 2),
                           vecsink_instant(86400, 500000000),
                           vecsink_bytes("\x00\xff", 2),
                           vecsink_array(tags, 3),
                           vecsink_vector_f32(vector, 3)};
    uint64_t sequence = 99;
    OK(vecsink_sink_push, sink, row, 7, VECSINK_NEXT, -1, &sequence);
    CHECK(sequence == 0);
    row[0] = vecsink_i64(2);
    row[2] = vecsink_decimal_of(-1, (uint64_t)-250, 2);
    for (int at = 3; at < 6; at++) {
        row[at] = vecsink_null();
    }
    const uint16_t halves[] = {0x3c00, 0xc000, 0x3555};
    row[6] = vecsink_vector_f16(halves, 3);
    OK(vecsink_sink_push, sink, row, 7, 10, 5000, &sequence);
    CHECK(sequence == 10);
    EXPECT(VECSINK_OUT_OF_ORDER, vecsink_sink_push, sink, row, 7, 10, 0, NULL);
    row[6] = vecsink_vector_f32(vector, 2);
    vecsink_error *error = NULL;
    CHECK(vecsink_sink_push(sink, row, 7, VECSINK_NEXT, 0, NULL, &error) == VECSINK_REJECTED);
    CHECK(strcmp(vecsink_error_column(error), "v") == 0);
    CHECK(!vecsink_error_is_retryable(error) && !vecsink_error_is_in_doubt(error));
    vecsink_error_free(error);
    EXPECT(VECSINK_SHAPE, vecsink_sink_push, sink, row, 6, VECSINK_NEXT, 0, NULL);

    /* A row filled by index and name. */
    vecsink_row *filled = NULL;
    OK(vecsink_row_new, sink, &filled);
    for (int64_t id = 3; id < 6; id++) {
        const double doubles[] = {(double)id, 0, 0.25};
        vecsink_value value = vecsink_i64(id);
        OK(vecsink_row_clear, filled);
        OK(vecsink_row_set, filled, 0, &value);
        value = vecsink_str("filled!", 6);
        OK(vecsink_row_set_named, filled, "name", &value);
        value = vecsink_vector_f64(doubles, 3);
        OK(vecsink_row_set_named, filled, "v", &value);
        OK(vecsink_sink_push_row, sink, filled, VECSINK_NEXT, -1, &sequence);
    }
    CHECK(sequence == 13);
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_row_set_named, filled, "none", &row[0]);
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_row_set, filled, 7, &row[0]);
    vecsink_row_free(filled);

    /* A delete, which is carried out in its order among the rows. */
    const vecsink_value key = vecsink_i64(5);
    OK(vecsink_sink_delete, sink, &key, 1, VECSINK_NEXT, -1, &sequence);

    /* A batch of columns, which come in another order than the table's. Only some rows have a price. */
    enum { ROWS = 1000 };
    static int32_t ids[2 * ROWS];
    static float matrix[ROWS * 4];
    static double prices[ROWS];
    static char names[ROWS * 4];
    static int32_t offsets[ROWS + 1];
    static uint8_t validity[(ROWS + 7) / 8 + 1];
    static const char *more_tags[ROWS];
    for (int at = 0; at < ROWS; at++) {
        ids[2 * at] = 100 + at;
        prices[at] = at / 4.0;
        offsets[at] = at * 3;
        memcpy(names + at * 3, "abc", 3);
        validity[(at + 3) / 8] |= (uint8_t)((at % 2 == 0) << ((at + 3) % 8));
        for (int i = 0; i < 3; i++) {
            matrix[at * 4 + i] = (float)(at + i);
        }
        more_tags[at] = at % 3 == 0 ? NULL : "{x,y}";
    }
    offsets[ROWS] = ROWS * 3;
    vecsink_column batch[7] = {
        new_column("v", VECSINK_COLUMN_MATRIX_F32, matrix, ROWS * 4 - 1), new_column("id", VECSINK_COLUMN_I32, ids, 2 * ROWS),
        new_column("price", VECSINK_COLUMN_F64, prices, ROWS),            new_column("name", VECSINK_COLUMN_STR, names, ROWS * 3),
        new_column("seen", VECSINK_COLUMN_NULL, NULL, 0),                 new_column("raw", VECSINK_COLUMN_NULL, NULL, 0),
        new_column("tags", VECSINK_COLUMN_STR_POINTERS, more_tags, ROWS),
    };
    batch[0].dimension = 3;
    batch[0].stride = 4;
    batch[1].stride = 2;
    batch[2].validity = validity;
    batch[2].validity_offset = 3;
    batch[3].offsets = offsets;
    batch[3].offset_bits = 32;
    vecsink_pushed pushed;
    OK(vecsink_sink_push_batch, sink, batch, 7, ROWS, VECSINK_NEXT, -1, &pushed);
    CHECK(pushed.rows == ROWS && pushed.rejected == 0 && pushed.first == sequence + 1 && pushed.last == sequence + ROWS);
    OK(vecsink_sink_wait_durable, sink, pushed.last, 60000);
    CHECK(vecsink_sink_durable(sink) == pushed.last + 1);

    /* If a row of a batch can't be stored, only that row is rejected. */
    matrix[5] = (float)(0.0 / (double)(argc - 3));
    OK(vecsink_sink_push_batch, sink, batch, 7, 3, VECSINK_NEXT, -1, &pushed);
    CHECK(pushed.rows == 3 && pushed.rejected == 1);
    OK(vecsink_sink_flush, sink, 60000);
    EXPECT(VECSINK_TIMED_OUT, vecsink_sink_wait_durable, sink, pushed.last + 1, 0);

    vecsink_stats stats = new_stats();
    OK(vecsink_sink_stats, sink, &stats);
    /* Rows that the table had already, with the same values, count as unchanged. */
    CHECK(stats.size == sizeof stats && stats.rows_dead_lettered == 1);
    CHECK(stats.rows_written + stats.rows_superseded + stats.rows_unchanged == 5 + ROWS + 2);
    CHECK(stats.durable == stats.next && stats.connections > 0 && stats.outage == 0 && stats.age_ms >= 0);
    stats.size = 8;
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_stats, sink, &stats);
    stats = new_stats();
    OK(vecsink_sink_close, sink, 60000, &stats);
    CHECK(stats.rows_read ==
          stats.rows_written + stats.rows_deleted + stats.rows_superseded + stats.rows_dead_lettered + stats.rows_unchanged);
    CHECK(atomic_load(&told_durable) == stats.durable);
    CHECK(atomic_load(&told_rejected) == 1 && rejected_sequence == pushed.first + 1);
    CHECK(strncmp(rejected_reason, "encode ", 7) == 0 && strstr(rejected_reason, " v 22000") != NULL);
    EXPECT(VECSINK_CLOSED, vecsink_sink_push, sink, row, 7, VECSINK_NEXT, -1, NULL);
    OK(vecsink_sink_close, sink, 0, NULL);
    vecsink_sink_free(sink);

    /* Opened again, the stream has its resume position. */
    OK(vecsink_sink_builder_new, argv[1], argv[2], &builder);
    OK(vecsink_sink_builder_stream, builder, "tour");
    OK(vecsink_sink_builder_open, builder, &sink);
    vecsink_sink_builder_free(builder);
    CHECK(vecsink_sink_resume_position(sink) == stats.durable);
    vecsink_sink_free(sink);
    return 0;
}
