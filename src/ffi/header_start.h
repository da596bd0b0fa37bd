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
