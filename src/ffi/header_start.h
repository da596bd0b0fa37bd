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
 *         code = vecsink_sink_close(sink, 30000, NULL, &error);    // VECSINK_OK: the row is in the database
 *     }
 *     if (code != VECSINK_OK) {
 *         fprintf(stderr, "%s\n", vecsink_error_message(error));
 *         vecsink_error_free(error);
 *     }
 *     vecsink_sink_free(sink);
 *
 * THE RULES, for every function unless it says otherwise
 *
 * Handles     vecsink_sink *, vecsink_error * and their like are numbers that only the library understands, not addresses.
 *             Whoever gets one frees it, once, with the function of its kind; freeing NULL is fine. A handle that was
 *             freed, is of another kind or was made up gives VECSINK_INVALID_HANDLE, and freeing it does nothing.
 * Errors      A call that can fail returns VECSINK_OK (0) or another code. Its last argument, vecsink_error **error, may be
 *             NULL; else *error becomes NULL on success and an error object on failure, which the caller frees. Whatever
 *             is passed, the library doesn't abort or exit; but memory that isn't there can't be noticed by anybody.
 * Promise     VECSINK_OK from a push means: taken. Once vecsink_sink_durable is above its number, the row is in the database, or
 *             it was rejected and reported. A refused row or batch was not taken, and is still the caller's.
 * NULL        A result's place may be NULL when the result doesn't matter, unless it is a handle's. A failed call that
 *             makes a handle sets its place to NULL. Other pointers must not be NULL unless their length is 0.
 * Memory      What is passed in is borrowed for the time of the call and not changed. Pointers must be aligned for what they
 *             point to. Texts the library gives live as long as the object they were asked of; "static" ones for ever.
 * Strings     Names, options and SQL end with a NUL and are UTF-8; data is pointer and length. Lengths count elements;
 *             a text's are bytes.
 * Time        Time-outs are milliseconds: less than 0 for ever, 0 without waiting.
 * Threads     Sinks and pipelines: any number of threads at once, except vecsink_…_free, which must be the last call. Builders,
 *             rows and errors: one thread at a time. Rows of one key that one thread pushes are written in their order.
 * Callbacks   Come from threads of the library and should be quick; they must not throw or longjmp. From the callbacks of a
 *             sink everything may be called but what opens, closes, stops or frees sinks and pipelines
 *             (VECSINK_IN_CALLBACK); from the log callback nothing that takes a sink or a pipeline.
 * fork        A child can't use its parent's handles (VECSINK_FORKED); freeing them there touches nothing of the parent's.
 *             It may open its own when at the fork all sinks of its parent were closed and all its jobs freed, else only
 *             after an exec. Log callbacks must be set again.
 * Signals     The library installs no handlers, changes no dispositions, and raises none: a closed socket is an error.
 * Unloading   The library has threads while something is open, and can't be unloaded with dlclose.
 * Versions    Numbers of codes and types never change, new ones are added; structs grow only by their size member or their
 *             reserved ones.
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
