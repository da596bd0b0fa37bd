/* Mistakes that the sanitizers must find. They show that the sanitizers work in the other programs: caught address|undefined. */
#include <limits.h>

#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    vecsink_value *row = calloc((size_t)argc, sizeof *row);
    CHECK(row != NULL);
    row[0] = vecsink_i64(INT_MAX);
    if (strcmp(argv[1], "address") == 0) {
        vecsink_value *volatile kept = row;
        free(row);
        return kept[0].as.i64 == 7;
    }
    int number = (int)row[0].as.i64 + argc;
    free(row);
    return number == 7;
}
