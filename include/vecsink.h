/*
 * vecsink: freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL, from inside your process.
 *
 *     vecsink_sink *sink = NULL;
 *     vecsink_error *error = NULL;
 *     vecsink_code code = vecsink_sink_open("postgresql://me:secret@db/shop", "public.items", &sink, &error);
 *     if (code == VECSINK_OK) {
 *         vecsink_value row[] = {vecsink_i64(7), vecsink_text("lamp"), vecsink_vector_f32(embedding, 128)};
 *         code = vecsink_sink_push(sink, row, 3, VECSINK_NEXT, -1, NULL, &error);
 *     }
 *     if (code == VECSINK_OK) {
 *         code = vecsink_sink_close(sink, 30000, NULL, &error);    // VECSINK_OK: all rows are durable
 *     }
 *     if (code != VECSINK_OK) {
 *         fprintf(stderr, "%s\n", vecsink_error_message(error));
 *         vecsink_error_free(error);
 *     }
 *     vecsink_sink_free(sink);
 *
 * THE RULES, for every function unless it says otherwise
 *
 * Handles     vecsink_sink *, vecsink_error * and the like are numbers that only the library understands, not addresses.
 *             Free each handle once, with the function of its kind; freeing NULL is fine. A handle that was freed, is of
 *             another kind or was made up gives VECSINK_INVALID_HANDLE, and freeing it does nothing.
 * Errors      A call that can fail returns VECSINK_OK (0) or another code. Its last argument, vecsink_error **error, may be
 *             NULL. If it isn't, *error becomes NULL on success and an error object on failure, which the caller frees.
 *             The library never aborts or exits because of an argument, but it can't notice a pointer to memory that
 *             isn't there.
 * Promise     VECSINK_OK from a push means that the row was accepted. Once vecsink_sink_durable is above its number, the row is
 *             durable: it is committed, was left out by the conflict mode, or was rejected. If a push returns another
 *             code, the row was not accepted.
 * NULL        A pointer to a result may be NULL if you don't need the result, unless it is the pointer to a new handle. A
 *             failed call that makes a handle sets the handle to NULL. Other pointers must not be NULL unless their length
 *             is 0.
 * Memory      Arguments are borrowed during the call and not changed. Pointers must be aligned for the type that they point
 *             to. A text that the library returns lives as long as the object that it belongs to; a "static" text always.
 * Strings     Names, options and SQL are UTF-8 and end with a NUL. Data is a pointer and a length. A length counts elements;
 *             the length of a text counts bytes.
 * Time        Time-outs are in milliseconds. Less than 0: wait without end. 0: don't wait.
 * Threads     Any number of threads may use a sink or a pipeline at once, but vecsink_…_free must be the last call. Builders, rows
 *             and errors are for one thread at a time. Rows of one key that one thread pushes are written in their order.
 * Callbacks   They are called by threads of the library and should be quick. They must not throw or longjmp. A callback of a
 *             sink may call everything except functions that open, close, stop or free sinks and pipelines
 *             (VECSINK_IN_CALLBACK). The log callback must not call functions that take a sink or a pipeline.
 * fork        A child can't use its parent's handles (VECSINK_FORKED). If it frees them, the parent's are not changed. It may
 *             open its own if all sinks of its parent were closed and all its jobs freed at the fork; otherwise only after
 *             an exec. Log callbacks must be set again.
 * Signals     The library installs no signal handlers, changes no dispositions and raises no signals. A closed socket gives
 *             an error.
 * Unloading   The library has threads while something is open, and can't be unloaded with dlclose.
 * Versions    The numbers of codes and types never change; new ones may be added. Structs may only grow where they have a
 *             member `size` or reserved members.
 */
#ifndef VECSINK_H
#define VECSINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Arrow's C data interface: https://arrow.apache.org/docs/format/CDataInterface.html */
struct ArrowArray;
struct ArrowSchema;

#define VECSINK_VERSION_MAJOR 0

#define VECSINK_VERSION_MINOR 1

#define VECSINK_VERSION_PATCH 0

// The version of the header: major << 16 | minor << 8 | patch.
#define VECSINK_VERSION_NUMBER 256

// No log lines.
#define VECSINK_LOG_OFF 0

// Errors only.
#define VECSINK_LOG_ERROR 1

// Errors and warnings.
#define VECSINK_LOG_WARN 2

// What an operator wants to know, too.
#define VECSINK_LOG_INFO 3

// Details for finding a fault, too.
#define VECSINK_LOG_DEBUG 4

// All lines.
#define VECSINK_LOG_TRACE 5

// A value for `sequence`: the row gets the next number.
#define VECSINK_NEXT UINT64_MAX

// Times are counted in seconds.
#define VECSINK_SECOND 0

// Times are counted in milliseconds.
#define VECSINK_MILLISECOND 1

// Times are counted in microseconds.
#define VECSINK_MICROSECOND 2

// Times are counted in nanoseconds.
#define VECSINK_NANOSECOND 3

// Why a call failed. Free it with vecsink_error_free.
typedef struct vecsink_error vecsink_error;

// A running job. All functions but vecsink_pipeline_free may be called from any number of threads at once. Free it with
// vecsink_pipeline_free.
typedef struct vecsink_pipeline vecsink_pipeline;

// A job that is about to be started. It is for one thread at a time. Free it with vecsink_pipeline_builder_free.
typedef struct vecsink_pipeline_builder vecsink_pipeline_builder;

// A row that is filled value by value, by the column's index or name, and can be pushed any number of times. Values are copied into
// it. It is for one thread at a time. It may live longer than its sink.
typedef struct vecsink_row vecsink_row;

// An open table that rows are pushed into. All functions but vecsink_sink_free may be called from any number of threads at
// once. Free it with vecsink_sink_free.
typedef struct vecsink_sink vecsink_sink;

// A sink that is about to be opened. It is for one thread at a time. Free it with vecsink_sink_builder_free.
typedef struct vecsink_sink_builder vecsink_sink_builder;

// The result of a call. The numbers never change; new ones are only added.
typedef int32_t vecsink_code;

// Gets a log line: UTF-8, without a line end, valid during the call; a NUL follows it. It is called from any thread that uses the
// library, and from the library's own threads; several may call it at once. It must not use sinks or jobs, and must not throw or
// longjmp.
typedef void (*vecsink_log_callback)(void *user_data, int32_t level, const char *message, size_t length);

// Called with the new value of vecsink_sink_durable each time it has risen, from a thread of the sink's own. The callback may push,
// but it must not close or free a sink or a job, and must not throw or longjmp. The sink goes on writing while the callback
// runs. There is one call at a time.
typedef void (*vecsink_durable_callback)(void *user_data, uint64_t durable);

// A row that was accepted and then could not be stored. Valid during the callback.
typedef struct vecsink_rejected {
    // The number that its push returned.
    uint64_t sequence;
    // "encode": the value can't be stored in the column; "write": the database refused the row.
    const char *stage;
    // Why the row could not be stored.
    const char *reason;
    // The column whose value was refused, or NULL.
    const char *column;
    // The SQLSTATE of the database. For a value that the library refused it is the SQLSTATE that the database would have given.
    // NULL if there is none.
    const char *sqlstate;
} vecsink_rejected;

// Called for each row that was accepted and then could not be stored, before vecsink_durable_callback is called with
// a number above it. The thread and the rules are the same. vecsink_sink_durable may rise above the row, and
// vecsink_sink_wait_durable return, a moment before this call, because they don't wait for callbacks.
// vecsink_sink_close waits for them.
typedef void (*vecsink_rejected_callback)(void *user_data, const struct vecsink_rejected *rejected);

// What happens to a row whose key is already there, VECSINK_CONFLICT_UPSERT to VECSINK_CONFLICT_STRICT.
typedef int32_t vecsink_conflict_mode;

// What happens when a row can't be stored: VECSINK_EXCEPTION_IGNORE or VECSINK_EXCEPTION_STRICT.
typedef int32_t vecsink_exception_mode;

// How rows get into the table's vector index: VECSINK_VECTOR_INDEX_INLINE, VECSINK_VECTOR_INDEX_BEHIND or
// VECSINK_VECTOR_INDEX_DEFER.
typedef int32_t vecsink_vector_index;

// How often a row is written: VECSINK_AT_LEAST_ONCE or VECSINK_EXACTLY_ONCE.
typedef int32_t vecsink_delivery_guarantee;

// The figures of a sink or a job. Set `size` to sizeof(vecsink_stats) before the call. The library fills
// only that many bytes, so a program also works with a newer library that has more fields. An older library doesn't
// change the fields that it doesn't know, so begin with zeros.
typedef struct vecsink_stats {
    // sizeof(vecsink_stats), set by the caller.
    size_t size;
    // Messages read (jobs).
    uint64_t records_read;
    // Bytes of the keys and values of these messages.
    uint64_t bytes_read;
    // Rows accepted. A job accepts the rows that pass WHERE, and one for each record that can't be decoded. When all rows are
    // durable, rows_read is the sum of the next five members and of rows_unchanged.
    uint64_t rows_read;
    // Rows inserted, upserted or updated.
    uint64_t rows_written;
    // Deletes that were carried out, whether or not their rows were there.
    uint64_t rows_deleted;
    // Rows replaced in their batch by a later row of the same key.
    uint64_t rows_superseded;
    // Rows left out by the conflict mode.
    uint64_t rows_ignored;
    // Rows rejected, with or without a dead-letter target.
    uint64_t rows_dead_lettered;
    // Jobs: fields that became NULL because of ignore-parse-errors, and messages that were dropped because of it.
    uint64_t parse_errors_ignored;
    // Jobs: fields of messages that the table has no column for.
    uint64_t fields_ignored;
    // Committed transactions that wrote rows.
    uint64_t batches;
    // Attempts repeated after an error.
    uint64_t retries;
    // Sinks: the number that the next row would get.
    uint64_t next;
    // Sinks: every row below this number is durable.
    uint64_t durable;
    // Jobs: records of the topics that are not durable yet.
    uint64_t lag;
    // Bytes of rows between push (or read) and COMMIT, roughly.
    uint64_t held_bytes;
    // For the oldest row of the latest commit: the time from its push, or its record's timestamp, to the answer to COMMIT, in
    // milliseconds. -1: nothing was written yet.
    int64_t freshness_ms;
    // Open database connections.
    uint32_t connections;
    // 1: the database can't be reached and rows wait for it.
    uint32_t outage;
    // Milliseconds since the sink or job was opened.
    int64_t age_ms;
    // Jobs: offsets that were gone before they could be read (deleted by retention or by a user).
    uint64_t records_missed;
    // Jobs: how old the progress that Kafka has stored is, in milliseconds. Records that became durable after it would be read again
    // by the next start. While commits succeed it is near zero. -1 for sinks.
    int64_t progress_age_ms;
    // Rows that were moved from a child into the table, and so into its vector index (with sink.vector-index = behind).
    uint64_t rows_moved;
    // Rows of the table that are in no vector index yet, whichever program wrote them. Queries find them.
    uint64_t rows_waiting_for_index;
    // How long the oldest of these rows has waited, in milliseconds, as far as this process has seen it. -1: no row waits.
    int64_t oldest_waiting_ms;
    // Rows that were in the table already, exactly so, and were not written again.
    uint64_t rows_unchanged;
    // Rows of a named stream that were pushed again although they were durable already. They were dropped, and rows_read doesn't
    // count them.
    uint64_t rows_repeated;
} vecsink_stats;

// The type of a value, VECSINK_NULL to VECSINK_ARRAY. It says which member of `as` holds the value.
typedef int32_t vecsink_type;

// Memory of the host, borrowed during the call.
typedef struct vecsink_span {
    const void *data;
    size_t length;
} vecsink_span;

// A number of 128 bits: high * 2^64 + low.
typedef struct vecsink_decimal {
    int64_t high;
    uint64_t low;
} vecsink_decimal;

// The content of a value; its type says which member is used.
typedef union vecsink_value_as {
    int64_t i64;
    double f64;
    struct vecsink_span span;
    struct vecsink_decimal decimal;
} vecsink_value_as;

// One value. The functions at the end of this header make values.
typedef struct vecsink_value {
    vecsink_type type;
    // Digits after the decimal point, or nanoseconds; not used for other types.
    uint32_t extra;
    union vecsink_value_as as;
} vecsink_value;

// What a column's memory holds, VECSINK_COLUMN_NULL to VECSINK_COLUMN_VALUES.
typedef int32_t vecsink_column_type;

// One column of a batch: where its values are in the host's memory. The memory is only read, only during the call,
// and only as far as `length` says. Begin with zeros; members that a type doesn't need are not read.
typedef struct vecsink_column {
    // The column's name in the database. If it is NULL in all columns, they stand in the sink's order.
    const char *name;
    vecsink_column_type type;
    // For times: VECSINK_SECOND to VECSINK_NANOSECOND.
    int32_t unit;
    // For decimals: digits after the decimal point, 0 to 38.
    int32_t scale;
    // The bits of each of the `offsets`: 32 (int32_t) or 64 (int64_t).
    int32_t offset_bits;
    const void *data;
    // The number of elements that data points to. For STR and BYTES it counts bytes, for BITS bits.
    size_t length;
    // The number of elements from a row's first element to the next row's. 0: the rows follow one another without a
    // gap.
    size_t stride;
    // For matrices: the number of elements of a vector.
    size_t dimension;
    // One more than there are rows: where each row's part begins, and where the last part ends.
    const void *offsets;
    // For BITS: the position of the first row's bit.
    size_t bit_offset;
    // A bit for each row, the lowest bit of a byte first. 0 means that the value is NULL. If this pointer is NULL, no value
    // is NULL.
    const uint8_t *validity;
    // The position of the first row's bit in `validity`.
    size_t validity_offset;
    // Must be 0.
    uint64_t reserved[2];
} vecsink_column;

// How much of a batch was accepted, also when the push failed. If `rows` is 0, `first` and `last` mean nothing.
typedef struct vecsink_pushed {
    // The number of the batch's first row.
    uint64_t first;
    // The number of its last row that was accepted.
    uint64_t last;
    // How many rows, from the batch's start on, were accepted.
    size_t rows;
    // How many of them can't be stored. The rejected callback is called for each, and the dead-letter target, if the sink
    // has one, keeps each.
    size_t rejected;
} vecsink_pushed;

// The call was successful.
#define VECSINK_OK 0

// An argument is wrong: NULL, a wrong length, an index out of range, an unknown number, a struct of unknown size …
#define VECSINK_INVALID_ARGUMENT 1

// The handle was freed, or is of another kind.
#define VECSINK_INVALID_HANDLE 2

// A text is not UTF-8.
#define VECSINK_INVALID_UTF8 3

// Options or SQL are wrong: the message has all errors, one per line. Nothing was opened.
#define VECSINK_CONFIG 4

// Kafka can't be reached, has refused a request, or doesn't have the topic.
#define VECSINK_SOURCE 5

// The database can't be reached, has refused something, or doesn't have what is needed: see vecsink_error_sqlstate.
#define VECSINK_TARGET 6

// 'exceptionmode' or 'conflictmode' is 'strict', and a row can't be written: see vecsink_error_position.
#define VECSINK_STRICT 7

// The dead-letter target can't be written.
#define VECSINK_DEAD_LETTER 8

// A job ended before everything was written. Nothing is lost: the rest is read again.
#define VECSINK_STOPPED 9

// A sink was closed before everything was written; the rest is in doubt.
#define VECSINK_NOT_DURABLE 10

// There is no room now. The row was not accepted; try again.
#define VECSINK_WOULD_BLOCK 11

// The time-out was over before the call had done its work; try again.
#define VECSINK_TIMED_OUT 12

// The table could never store this row.
#define VECSINK_REJECTED 13

// The row or batch doesn't have the sink's columns, or the sink takes no such push: a delete, or a row without a number of the
// host's own.
#define VECSINK_SHAPE 14

// The sequence number is below the next one.
#define VECSINK_OUT_OF_ORDER 15

// The sink was closed.
#define VECSINK_CLOSED 16

// The sink has failed, as the message says; rows from vecsink_sink_durable on are in doubt.
#define VECSINK_FAILED 17

// Another process, or another sink, has opened this stream.
#define VECSINK_FENCED 18

// The library was built without a feature that the call needs (Kafka, Arrow).
#define VECSINK_UNSUPPORTED 19

// The handle belongs to the parent of this process.
#define VECSINK_FORKED 20

// A callback must not make this call.
#define VECSINK_IN_CALLBACK 21

// A bug of the library; please report it.
#define VECSINK_INTERNAL 22

// There is no memory now for a large row or value.
#define VECSINK_OUT_OF_MEMORY 23

// NULL of any type. `as` is not used.
#define VECSINK_NULL 0

// as.i64: 0 or 1.
#define VECSINK_BOOL 1

// as.i64. For any integer or numeric column into which the number fits.
#define VECSINK_I64 2

// as.f64, a number of single precision.
#define VECSINK_F32 3

// as.f64, a number of double precision.
#define VECSINK_F64 4

// as.span: UTF-8, length in bytes.
#define VECSINK_STR 5

// as.span: length in bytes.
#define VECSINK_BYTES 6

// as.decimal: the number without its decimal point, two's complement of 128 bits, at most 38 digits; extra: digits after the point.
#define VECSINK_DECIMAL 7

// as.i64: days since 1970-01-01.
#define VECSINK_DATE 8

// as.i64: nanoseconds since midnight.
#define VECSINK_TIME 9

// A date and time without a zone. as.i64: seconds since 1970-01-01 00:00:00; extra: nanoseconds.
#define VECSINK_TIMESTAMP 10

// An instant. as.i64: seconds since 1970-01-01 00:00:00 UTC; extra: nanoseconds.
#define VECSINK_INSTANT 11

// as.span: float[], length in elements.
#define VECSINK_VECTOR_F32 12

// as.span: double[], length in elements.
#define VECSINK_VECTOR_F64 13

// as.span: uint16_t[] of IEEE half precision, length in elements.
#define VECSINK_VECTOR_F16 14

// as.span: vecsink_value[], length in elements.
#define VECSINK_ARRAY 15

// The new row replaces the row that is there.
#define VECSINK_CONFLICT_UPSERT 0

// The row that is there stays.
#define VECSINK_CONFLICT_IGNORE 1

// The sink fails.
#define VECSINK_CONFLICT_STRICT 2

// The row is rejected, and the sink goes on.
#define VECSINK_EXCEPTION_IGNORE 0

// The sink fails.
#define VECSINK_EXCEPTION_STRICT 1

// The server adds each row to the index when it is written.
#define VECSINK_VECTOR_INDEX_INLINE 0

// Rows are written to a child table without a vector index, where queries find them at once. They move into the index later.
#define VECSINK_VECTOR_INDEX_BEHIND 1

// The index is dropped when the sink opens, and built again after all rows were written.
#define VECSINK_VECTOR_INDEX_DEFER 2

// After a crash some rows are written again.
#define VECSINK_AT_LEAST_ONCE 0

// Each row is written once.
#define VECSINK_EXACTLY_ONCE 1

// NULL in every row; data is NULL.
#define VECSINK_COLUMN_NULL 0

// A byte for each value: 0 or 1.
#define VECSINK_COLUMN_BOOL 1

// A bit for each value, the lowest bit of a byte first, from bit `bit_offset` on.
#define VECSINK_COLUMN_BITS 2

// int8_t[].
#define VECSINK_COLUMN_I8 3

// int16_t[].
#define VECSINK_COLUMN_I16 4

// int32_t[].
#define VECSINK_COLUMN_I32 5

// int64_t[].
#define VECSINK_COLUMN_I64 6

// uint8_t[].
#define VECSINK_COLUMN_U8 7

// uint16_t[].
#define VECSINK_COLUMN_U16 8

// uint32_t[].
#define VECSINK_COLUMN_U32 9

// uint64_t[].
#define VECSINK_COLUMN_U64 10

// uint16_t[] of IEEE half precision.
#define VECSINK_COLUMN_F16 11

// float[].
#define VECSINK_COLUMN_F32 12

// double[].
#define VECSINK_COLUMN_F64 13

// 16 bytes for each value, little-endian two's complement, aligned to 16; `scale` digits stand after the decimal point.
#define VECSINK_COLUMN_DECIMAL128 14

// UTF-8 texts that follow one another without a gap; `offsets` in bytes.
#define VECSINK_COLUMN_STR 15

// Bytes; `offsets` in bytes.
#define VECSINK_COLUMN_BYTES 16

// const char *[]: texts that end with a NUL; a NULL pointer is NULL.
#define VECSINK_COLUMN_STR_POINTERS 17

// int32_t[]: days since 1970-01-01.
#define VECSINK_COLUMN_DATE 18

// int64_t[]: `unit`s since midnight.
#define VECSINK_COLUMN_TIME 19

// int64_t[]: `unit`s since 1970-01-01 00:00:00, a date and time without a zone.
#define VECSINK_COLUMN_TIMESTAMP 20

// int64_t[]: `unit`s since 1970-01-01 00:00:00 UTC, an instant.
#define VECSINK_COLUMN_INSTANT 21

// float[], row-major: for each row a vector of `dimension` elements.
#define VECSINK_COLUMN_MATRIX_F32 22

// double[], likewise.
#define VECSINK_COLUMN_MATRIX_F64 23

// uint16_t[] of IEEE half precision, likewise.
#define VECSINK_COLUMN_MATRIX_F16 24

// float[]: vectors of any length that follow one another without a gap; `offsets` in elements.
#define VECSINK_COLUMN_LISTS_F32 25

// double[], likewise.
#define VECSINK_COLUMN_LISTS_F64 26

// uint16_t[] of IEEE half precision, likewise.
#define VECSINK_COLUMN_LISTS_F16 27

// vecsink_value[]: values of any type.
#define VECSINK_COLUMN_VALUES 28

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library that is loaded: "0.1.0". Static.
const char *vecsink_version(void);

// The version of the library that is loaded, as a number like VECSINK_VERSION_NUMBER.
uint32_t vecsink_version_number(void);

// The code's name, such as "VECSINK_TIMED_OUT"; "VECSINK_UNKNOWN" for a number that is not a code. Static.
const char *vecsink_code_name(vecsink_code code);

// The error's code. VECSINK_OK for NULL.
vecsink_code vecsink_error_code(const struct vecsink_error *error);

// What happened, where, and what to do. The text lives as long as the error, and is never NULL.
const char *vecsink_error_message(const struct vecsink_error *error);

// The SQLSTATE, such as "23505": that of the database, or, where the library refused something itself, the one that the
// database would have given. NULL if there is none. Lives as long as the error.
const char *vecsink_error_sqlstate(const struct vecsink_error *error);

// The column whose value was refused; NULL when there is none. Lives as long as the error.
const char *vecsink_error_column(const struct vecsink_error *error);

// Whether the same call may succeed later on.
bool vecsink_error_is_retryable(const struct vecsink_error *error);

// Whether rows that were accepted before may or may not be in the database.
bool vecsink_error_is_in_doubt(const struct vecsink_error *error);

// Where it happened: topic, partition and offset of a record; "push:" and the stream's name, 0 and the sequence of a
// pushed row. The topic lives as long as the error. Returns false and writes nothing if the error has no position.
bool vecsink_error_position(const struct vecsink_error *error, const char **topic, int32_t *partition, int64_t *offset);

// For a batch: how many of its first rows were accepted before the error. Push the others again.
size_t vecsink_error_accepted(const struct vecsink_error *error);

// Frees an error. NULL is fine.
void vecsink_error_free(struct vecsink_error *error);

// Sets the callback that gets the log lines of this process, up to a level (VECSINK_LOG_INFO …). Call it again to
// change that; with NULL there is no callback, as at the beginning. When this returns, the former callback isn't
// running and isn't called any more. The child of a fork begins without a callback. VECSINK_UNSUPPORTED in a Rust
// program that already has a logger.
vecsink_code vecsink_log_set(int32_t level,
                             vecsink_log_callback callback,
                             void *user_data,
                             struct vecsink_error **error);

// Makes a builder for a sink. `table` is "schema.table". `url` is the database's URL with user and password:
// "postgresql://…" as libpq reads it, or "jdbc:postgresql://…" as in a job file. Nothing is opened or checked yet.
vecsink_code vecsink_sink_builder_new(const char *url,
                                      const char *table,
                                      struct vecsink_sink_builder **builder,
                                      struct vecsink_error **error);

// The columns that rows have, in their order, by their names in the database. Default: all columns of the table,
// except those that the database generates.
vecsink_code vecsink_sink_builder_columns(struct vecsink_sink_builder *builder,
                                          const char *const *names,
                                          size_t count,
                                          struct vecsink_error **error);

// Names the stream of rows, for a host that numbers its rows itself and wants to go on after a crash (see
// vecsink_sink_resume_position). Only one sink at a time can push into a stream. Opening a sink with the same stream ends the
// former one, with VECSINK_FENCED.
vecsink_code vecsink_sink_builder_stream(struct vecsink_sink_builder *builder,
                                         const char *name,
                                         struct vecsink_error **error);

// Whether vecsink_sink_delete will be called. The table needs a key, and the columns must include it.
vecsink_code vecsink_sink_builder_deletes(struct vecsink_sink_builder *builder,
                                          bool deletes,
                                          struct vecsink_error **error);

// Sets the callback for durable rows. `user_data` is passed to it, and must live until the sink is closed or freed and no callback
// runs any more: see vecsink_sink_close.
vecsink_code vecsink_sink_builder_on_durable(struct vecsink_sink_builder *builder,
                                             vecsink_durable_callback callback,
                                             void *user_data,
                                             struct vecsink_error **error);

// Sets the callback for rejected rows. `user_data` is passed to it, and must live until the sink is closed or freed and no callback
// runs any more: see vecsink_sink_close.
vecsink_code vecsink_sink_builder_on_rejected(struct vecsink_sink_builder *builder,
                                              vecsink_rejected_callback callback,
                                              void *user_data,
                                              struct vecsink_error **error);

// Connects, reads the table's columns from the catalog and starts the sink. Blocks for at most the connect time-outs of
// all hosts. A builder can be opened only once, also if that fails. Free it afterwards.
vecsink_code vecsink_sink_builder_open(struct vecsink_sink_builder *builder,
                                       struct vecsink_sink **sink,
                                       struct vecsink_error **error);

// Frees a builder. NULL is fine.
void vecsink_sink_builder_free(struct vecsink_sink_builder *builder);

// A sink for all columns of a table, with defaults: a builder in one call.
vecsink_code vecsink_sink_open(const char *url,
                               const char *table,
                               struct vecsink_sink **sink,
                               struct vecsink_error **error);

// Sets an option of the sink by the name that it has in a job file: "deadletter", "retrywaittime" … (docs/options.md). When an
// option is set twice, the later value is used. vecsink_sink_builder_open reports everything that is wrong with options.
vecsink_code vecsink_sink_builder_option(struct vecsink_sink_builder *builder,
                                         const char *name,
                                         const char *value,
                                         struct vecsink_error **error);

// The user who logs in, instead of the URL's.
vecsink_code vecsink_sink_builder_user(struct vecsink_sink_builder *builder,
                                       const char *user,
                                       struct vecsink_error **error);

// The password. It is used instead of the URL's.
vecsink_code vecsink_sink_builder_password(struct vecsink_sink_builder *builder,
                                           const char *password,
                                           struct vecsink_error **error);

// What happens to a row whose key is already there. Default: VECSINK_CONFLICT_UPSERT.
vecsink_code vecsink_sink_builder_conflict_mode(struct vecsink_sink_builder *builder,
                                                vecsink_conflict_mode mode,
                                                struct vecsink_error **error);

// What happens when a row can't be stored. Default: VECSINK_EXCEPTION_IGNORE.
vecsink_code vecsink_sink_builder_exception_mode(struct vecsink_sink_builder *builder,
                                                 vecsink_exception_mode mode,
                                                 struct vecsink_error **error);

// The most rows in one transaction. Default: the sink finds the best number while it runs.
vecsink_code vecsink_sink_builder_batch_size(struct vecsink_sink_builder *builder,
                                             uint32_t rows,
                                             struct vecsink_error **error);

// The most connections, and so the most transactions at once. As many are opened as make writing faster. Default: 20.
vecsink_code vecsink_sink_builder_connections(struct vecsink_sink_builder *builder,
                                              uint32_t most,
                                              struct vecsink_error **error);

// The file into which rows that can't be stored are written, as JSON Lines.
vecsink_code vecsink_sink_builder_dead_letter_file(struct vecsink_sink_builder *builder,
                                                   const char *path,
                                                   struct vecsink_error **error);

// The length of every vector, for tables whose types and indexes don't say it.
vecsink_code vecsink_sink_builder_vector_dimension(struct vecsink_sink_builder *builder,
                                                   size_t dimension,
                                                   struct vecsink_error **error);

// Whether vectors are scaled to length 1 before they are stored.
vecsink_code vecsink_sink_builder_vector_normalize(struct vecsink_sink_builder *builder,
                                                   bool normalize,
                                                   struct vecsink_error **error);

// How rows get into the table's vector index. Default: VECSINK_VECTOR_INDEX_INLINE.
vecsink_code vecsink_sink_builder_vector_index(struct vecsink_sink_builder *builder,
                                               vecsink_vector_index mode,
                                               struct vecsink_error **error);

// How often a row is written. VECSINK_EXACTLY_ONCE needs the name of a stream, and rows with numbers of the host's own (see
// vecsink_sink_resume_position). Default: VECSINK_AT_LEAST_ONCE.
vecsink_code vecsink_sink_builder_delivery_guarantee(struct vecsink_sink_builder *builder,
                                                     vecsink_delivery_guarantee guarantee,
                                                     struct vecsink_error **error);

// The name of the sessions in pg_stat_activity, instead of the URL's. Default: "vecsink" and the stream's name. With a named stream,
// "/" and 16 digits follow, which are other ones for each sink.
vecsink_code vecsink_sink_builder_application_name(struct vecsink_sink_builder *builder,
                                                   const char *application_name,
                                                   struct vecsink_error **error);

// How long a row waits for other rows of its transaction while the sink is idle, in milliseconds. Default: 2, or 50
// where a transaction costs more (ADBPG, Greenplum).
vecsink_code vecsink_sink_builder_linger(struct vecsink_sink_builder *builder,
                                         uint64_t milliseconds,
                                         struct vecsink_error **error);

// The most bytes of rows between push and COMMIT, at least 1 MiB. When they are used up, pushes wait. Default: 64 MiB.
vecsink_code vecsink_sink_builder_buffer_memory(struct vecsink_sink_builder *builder,
                                                size_t bytes,
                                                struct vecsink_error **error);

// How long the database may be unreachable before the sink fails, in milliseconds. Default: without end.
vecsink_code vecsink_sink_builder_max_outage(struct vecsink_sink_builder *builder,
                                             uint64_t milliseconds,
                                             struct vecsink_error **error);

// The number of columns that rows have.
size_t vecsink_sink_column_count(const struct vecsink_sink *sink);

// A column's name; NULL beyond the end. Lives as long as the sink.
const char *vecsink_sink_column_name(const struct vecsink_sink *sink, size_t index);

// The index of a column; -1 if the sink doesn't have it.
ptrdiff_t vecsink_sink_column_index(const struct vecsink_sink *sink, const char *name);

// The number of columns of the key. 0: the table has no key.
size_t vecsink_sink_key_count(const struct vecsink_sink *sink);

// The name of a column of the key, in the order in which vecsink_sink_delete takes them; NULL beyond the end. Lives as long as
// the sink.
const char *vecsink_sink_key_name(const struct vecsink_sink *sink,
                                  size_t index);

// The first number that isn't durable yet: every row below it is committed, was left out by the conflict mode, or
// was rejected. 0 for an invalid handle.
uint64_t vecsink_sink_durable(const struct vecsink_sink *sink);

// The first row of a named stream that must be pushed again: all rows below this number are durable. 0 for a new
// stream, and for a sink without a stream name. Rows below it that are pushed again are dropped, and counted as rows_repeated.
uint64_t vecsink_sink_resume_position(const struct vecsink_sink *sink);

// Waits until the row with this number is durable. The row may be one that another thread has not pushed yet.
// VECSINK_TIMED_OUT: it isn't durable in time. If it never will be: VECSINK_FAILED or VECSINK_FENCED when the sink
// has failed, VECSINK_NOT_DURABLE when it was closed, and VECSINK_CLOSED when it was closed and the row was never
// pushed.
vecsink_code vecsink_sink_wait_durable(struct vecsink_sink *sink,
                                       uint64_t sequence,
                                       int64_t timeout_ms,
                                       struct vecsink_error **error);

// Writes all pushed rows at once, and waits until they are durable. The codes are those of
// vecsink_sink_wait_durable.
vecsink_code vecsink_sink_flush(struct vecsink_sink *sink, int64_t timeout_ms, struct vecsink_error **error);

// The figures of the sink, while it is open and after it was closed.
vecsink_code vecsink_sink_stats(const struct vecsink_sink *sink,
                                struct vecsink_stats *stats,
                                struct vecsink_error **error);

// Accepts no more rows, writes the rows that were pushed, makes the last callbacks and ends the sink's threads and
// connections. VECSINK_OK: all rows are durable. VECSINK_NOT_DURABLE: this took longer than deadline_ms, and the
// rest was abandoned and is in doubt. Any other code: why the sink failed. Closing again returns the same code.
// While another thread closes the sink, this call waits for it, until the deadline. Returns within a second of the
// deadline, whatever the server does. If a callback still runs then, this call doesn't wait for it, and no more
// callbacks are made: what the callback uses must live until it returns. last_stats may be NULL. The sink must still
// be freed. With VECSINK_VECTOR_INDEX_DEFER this call also builds the vector indexes that the sink has dropped. If the deadline
// ends the build, all rows are durable, the code is VECSINK_TARGET, and the next sink of the table builds the indexes.
vecsink_code vecsink_sink_close(struct vecsink_sink *sink,
                                int64_t deadline_ms,
                                struct vecsink_stats *last_stats,
                                struct vecsink_error **error);

// Frees a sink. An open sink is closed first, within 5 s; if rows are not written by then, that is logged. No other thread
// may be in a call of this sink. NULL is fine. From a callback it only logs an error.
void vecsink_sink_free(struct vecsink_sink *sink);

// Pushes one row: a value for each of the sink's columns, in their order. Waits for room for timeout_ms at most
// (less than 0: without end; 0: VECSINK_WOULD_BLOCK at once). `sequence` is VECSINK_NEXT, or a number of the host's
// own that is above all earlier numbers. *out_sequence becomes the row's number. The row is copied. It is durable once
// vecsink_sink_durable is above its number. A push from a callback of the sink waits like any other. But it returns
// VECSINK_WOULD_BLOCK when the room is taken by rejected rows that wait for their callback, because that callback
// can't be called before this one returns.
vecsink_code vecsink_sink_push(struct vecsink_sink *sink,
                               const struct vecsink_value *values,
                               size_t count,
                               uint64_t sequence,
                               int64_t timeout_ms,
                               uint64_t *out_sequence,
                               struct vecsink_error **error);

// Deletes the row with this key. The values stand in the order of vecsink_sink_key_name. It is not an error if there
// is no such row. The sink must have been opened with vecsink_sink_builder_deletes. Everything else is as with
// vecsink_sink_push.
vecsink_code vecsink_sink_delete(struct vecsink_sink *sink,
                                 const struct vecsink_value *key,
                                 size_t count,
                                 uint64_t sequence,
                                 int64_t timeout_ms,
                                 uint64_t *out_sequence,
                                 struct vecsink_error **error);

// Pushes a row that was filled before. Everything else is as with vecsink_sink_push.
vecsink_code vecsink_sink_push_row(struct vecsink_sink *sink,
                                   const struct vecsink_row *row,
                                   uint64_t sequence,
                                   int64_t timeout_ms,
                                   uint64_t *out_sequence,
                                   struct vecsink_error **error);

// Pushes `rows` rows, in their order. columns[0] to columns[column_count - 1] have one value for each row. Nothing
// is copied before it is encoded. A row that can't be stored is accepted and then rejected, and the batch goes on. If
// 'exceptionmode' is 'strict', the batch ends before it instead, with VECSINK_REJECTED. If `sequence` is a number of the host's
// own, the rows are numbered from it on. When there is no room in time, the rows accepted so far stay accepted. *pushed says how
// many they are; push the others again. The same happens when the whole call takes longer than timeout_ms, or
// half a second if timeout_ms is 0, for example because many of its rows are rejected.
vecsink_code vecsink_sink_push_batch(struct vecsink_sink *sink,
                                     const struct vecsink_column *columns,
                                     size_t column_count,
                                     size_t rows,
                                     uint64_t sequence,
                                     int64_t timeout_ms,
                                     struct vecsink_pushed *pushed,
                                     struct vecsink_error **error);

// A row of NULLs for the sink's columns. Free it with vecsink_row_free.
vecsink_code vecsink_row_new(const struct vecsink_sink *sink, struct vecsink_row **row, struct vecsink_error **error);

// Sets the column with this index, counted from 0 in the sink's order.
vecsink_code vecsink_row_set(struct vecsink_row *row,
                             size_t index,
                             const struct vecsink_value *value,
                             struct vecsink_error **error);

// Sets the column with this name.
vecsink_code vecsink_row_set_named(struct vecsink_row *row,
                                   const char *name,
                                   const struct vecsink_value *value,
                                   struct vecsink_error **error);

// Sets all columns to NULL.
vecsink_code vecsink_row_clear(struct vecsink_row *row, struct vecsink_error **error);

// Frees a row. NULL is fine.
void vecsink_row_free(struct vecsink_row *row);

// Pushes an Arrow record batch: a struct array of Arrow's C data interface, whose fields have the names of the
// sink's columns. Nothing is copied before it is encoded. Array and schema are consumed: their release callbacks are
// called before this returns, also when it fails, unless the library was built without Arrow (VECSINK_UNSUPPORTED).
// Vectors are lists, of fixed size or not, of half, single or double floats without NULLs. Everything else is as with
// vecsink_sink_push_batch.
vecsink_code vecsink_sink_push_arrow(struct vecsink_sink *sink,
                                     struct ArrowArray *array,
                                     struct ArrowSchema *schema,
                                     uint64_t sequence,
                                     int64_t timeout_ms,
                                     struct vecsink_pushed *pushed,
                                     struct vecsink_error **error);

// Makes a builder for the job of these Flink SQL statements, which are those of a job file for `vecsink run`.
// Nothing is opened or checked yet.
vecsink_code vecsink_pipeline_builder_new(const char *sql,
                                          struct vecsink_pipeline_builder **builder,
                                          struct vecsink_error **error);

// Makes a builder for a job that reads a Kafka topic into a table, "schema.table", of the database at a URL. Add
// columns and options to it.
vecsink_code vecsink_pipeline_builder_attach(const char *url,
                                             const char *table,
                                             struct vecsink_pipeline_builder **builder,
                                             struct vecsink_error **error);

// A column of the messages and of the table, with its Flink SQL type, such as "BIGINT" or "ARRAY<FLOAT>". Attached topics only.
vecsink_code vecsink_pipeline_builder_column(struct vecsink_pipeline_builder *builder,
                                             const char *name,
                                             const char *flink_type,
                                             struct vecsink_error **error);

// An option of the source: "topic", "properties.bootstrap.servers", "format", "scan.startup.mode" … Attached topics only.
vecsink_code vecsink_pipeline_builder_source_option(struct vecsink_pipeline_builder *builder,
                                                    const char *name,
                                                    const char *value,
                                                    struct vecsink_error **error);

// An option of the sink: "conflictmode", "deadletter" … Attached topics only.
vecsink_code vecsink_pipeline_builder_sink_option(struct vecsink_pipeline_builder *builder,
                                                  const char *name,
                                                  const char *value,
                                                  struct vecsink_error **error);

// Sets an option of a table of the SQL. The value is used instead of the statements' own.
vecsink_code vecsink_pipeline_builder_option(struct vecsink_pipeline_builder *builder,
                                             const char *table,
                                             const char *name,
                                             const char *value,
                                             struct vecsink_error **error);

// The name under which progress is stored, unless the statements give one.
vecsink_code vecsink_pipeline_builder_name(struct vecsink_pipeline_builder *builder,
                                           const char *name,
                                           struct vecsink_error **error);

// The value of ${name} in option values. Names that are not set here are taken from the environment.
vecsink_code vecsink_pipeline_builder_variable(struct vecsink_pipeline_builder *builder,
                                               const char *name,
                                               const char *value,
                                               struct vecsink_error **error);

// The most bytes of rows between reading and COMMIT. It is used instead of the statements' 'buffer.memory'.
vecsink_code vecsink_pipeline_builder_buffer_memory(struct vecsink_pipeline_builder *builder,
                                                    size_t bytes,
                                                    struct vecsink_error **error);

// How long the database may be unreachable before the job fails, in milliseconds. It is used instead of the statements'
// 'max.outage'.
vecsink_code vecsink_pipeline_builder_max_outage(struct vecsink_pipeline_builder *builder,
                                                 uint64_t milliseconds,
                                                 struct vecsink_error **error);

// Whether the stored progress is ignored and the job starts by the startup mode.
vecsink_code vecsink_pipeline_builder_fresh(struct vecsink_pipeline_builder *builder,
                                            bool fresh,
                                            struct vecsink_error **error);

// Checks the job (VECSINK_CONFIG: everything that is wrong with it, one per line), connects, and starts it on threads
// of the library. Blocks until the first connections are up: for at most the connect time-out of each sink's
// database and then 30 s for Kafka, or longer where a max_outage allows it. A builder can be started more than once;
// each start makes another job. Free it afterwards.
vecsink_code vecsink_pipeline_builder_start(struct vecsink_pipeline_builder *builder,
                                            struct vecsink_pipeline **pipeline,
                                            struct vecsink_error **error);

// Frees a builder. NULL is fine.
void vecsink_pipeline_builder_free(struct vecsink_pipeline_builder *builder);

// Waits for the job's end. VECSINK_OK: it has ended well, because its bounded sources are read or because it was stopped.
// VECSINK_TIMED_OUT: it still runs. Any other code: why it failed.
vecsink_code vecsink_pipeline_wait(struct vecsink_pipeline *pipeline,
                                   int64_t timeout_ms,
                                   struct vecsink_error **error);

// The figures of the job, while it runs and after its end.
vecsink_code vecsink_pipeline_stats(const struct vecsink_pipeline *pipeline,
                                    struct vecsink_stats *stats,
                                    struct vecsink_error **error);

// Reads nothing more, writes the rows of what was read, stores the progress and ends. Rows that aren't written within deadline_ms
// are abandoned, with VECSINK_STOPPED, and are read again at the next start. Stopping again returns the same code. While
// another thread stops the job, this call waits for it, until the deadline. Returns within a second of the deadline.
// last_stats may be NULL. The job must still be freed.
vecsink_code vecsink_pipeline_stop(struct vecsink_pipeline *pipeline,
                                   int64_t deadline_ms,
                                   struct vecsink_stats *last_stats,
                                   struct vecsink_error **error);

// Frees a job. A running job is abandoned. Nothing is lost, because rows that aren't written are read again at the next
// start. NULL is fine. From a callback it only logs an error.
void vecsink_pipeline_free(struct vecsink_pipeline *pipeline);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus


/* ---- functions that make values ---- */

/* NULL of any type. */
static inline vecsink_value vecsink_null(void) {
    vecsink_value value;
    memset(&value, 0, sizeof value);
    return value;
}

static inline vecsink_value vecsink_bool(bool truth) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_BOOL;
    value.as.i64 = truth ? 1 : 0;
    return value;
}

static inline vecsink_value vecsink_i64(int64_t number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_I64;
    value.as.i64 = number;
    return value;
}

static inline vecsink_value vecsink_f32(float number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_F32;
#ifdef __cplusplus
    value.as.f64 = static_cast<double>(number);
#else
    value.as.f64 = (double)number;
#endif
    return value;
}

static inline vecsink_value vecsink_f64(double number) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_F64;
    value.as.f64 = number;
    return value;
}

/* Used by vecsink_str and the functions below that take data and a length. */
static inline vecsink_value vecsink_of_span(vecsink_type type, const void *data, size_t length) {
    vecsink_value value = vecsink_null();
    value.type = type;
    value.as.span.data = data;
    value.as.span.length = length;
    return value;
}

/* UTF-8, length in bytes. */
static inline vecsink_value vecsink_str(const char *text, size_t length) {
    return vecsink_of_span(VECSINK_STR, text, length);
}

/* UTF-8 up to the first NUL; NULL of any type for a NULL pointer. */
static inline vecsink_value vecsink_text(const char *text) {
    return text == NULL ? vecsink_null() : vecsink_of_span(VECSINK_STR, text, strlen(text));
}

static inline vecsink_value vecsink_bytes(const void *data, size_t length) {
    return vecsink_of_span(VECSINK_BYTES, data, length);
}

/* high * 2^64 + low, with `scale` digits after the decimal point. */
static inline vecsink_value vecsink_decimal_of(int64_t high, uint64_t low, uint32_t scale) {
    vecsink_value value = vecsink_null();
    value.type = VECSINK_DECIMAL;
    value.extra = scale;
    value.as.decimal.high = high;
    value.as.decimal.low = low;
    return value;
}

/* Days since 1970-01-01. */
static inline vecsink_value vecsink_date(int32_t days) {
    vecsink_value value = vecsink_i64(days);
    value.type = VECSINK_DATE;
    return value;
}

/* Nanoseconds since midnight. */
static inline vecsink_value vecsink_time(int64_t nanoseconds) {
    vecsink_value value = vecsink_i64(nanoseconds);
    value.type = VECSINK_TIME;
    return value;
}

/* A date and time without a zone: seconds since 1970-01-01 00:00:00, and nanoseconds below 1,000,000,000. */
static inline vecsink_value vecsink_timestamp(int64_t seconds, uint32_t nanoseconds) {
    vecsink_value value = vecsink_i64(seconds);
    value.type = VECSINK_TIMESTAMP;
    value.extra = nanoseconds;
    return value;
}

/* An instant: seconds since 1970-01-01 00:00:00 UTC, and nanoseconds below 1,000,000,000. */
static inline vecsink_value vecsink_instant(int64_t seconds, uint32_t nanoseconds) {
    vecsink_value value = vecsink_timestamp(seconds, nanoseconds);
    value.type = VECSINK_INSTANT;
    return value;
}

static inline vecsink_value vecsink_vector_f32(const float *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F32, elements, length);
}

static inline vecsink_value vecsink_vector_f64(const double *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F64, elements, length);
}

/* IEEE half precision, as its 16 bits. */
static inline vecsink_value vecsink_vector_f16(const uint16_t *elements, size_t length) {
    return vecsink_of_span(VECSINK_VECTOR_F16, elements, length);
}

static inline vecsink_value vecsink_array(const vecsink_value *elements, size_t length) {
    return vecsink_of_span(VECSINK_ARRAY, elements, length);
}

#endif /* VECSINK_H */
