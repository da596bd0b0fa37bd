/* Checks for the test programs. A failed check prints its place and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vecsink.h"

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

/* Calls a function with these arguments and an error as the last one: EXPECT(VECSINK_OK, vecsink_sink_flush, sink, 1000). */
#define EXPECT(code, function, ...)                                                         \
    do {                                                                                    \
        vecsink_error *error_ = NULL;                                                       \
        vecsink_code got_ = function(__VA_ARGS__, &error_);                                 \
        check_code(__FILE__, __LINE__, #function, code, got_, error_);                      \
    } while (0)

#define OK(function, ...) EXPECT(VECSINK_OK, function, __VA_ARGS__)

/* The message of the latest expected failure. */
static char last_message[4096];

static inline void check_code(const char *file, int line, const char *call, vecsink_code expected, vecsink_code got,
                              vecsink_error *error) {
    snprintf(last_message, sizeof last_message, "%s", vecsink_error_message(error));
    if (got != expected) {
        fprintf(stderr, "%s:%d: %s gave %s, not %s: %s\n", file, line, call, vecsink_code_name(got),
                vecsink_code_name(expected), last_message);
        exit(1);
    }
    CHECK((got == VECSINK_OK) == (error == NULL));
    CHECK(vecsink_error_code(error) == got);
    CHECK(got == VECSINK_OK || last_message[0] != '\0');
    vecsink_error_free(error);
}

static inline vecsink_stats new_stats(void) {
    vecsink_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    return stats;
}

static inline vecsink_column new_column(const char *name, vecsink_column_type type, const void *data, size_t length) {
    vecsink_column column;
    memset(&column, 0, sizeof column);
    column.name = name;
    column.type = type;
    column.data = data;
    column.length = length;
    return column;
}

#endif
