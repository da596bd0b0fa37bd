// expect: the member is one of another type
#include "vecsink.hpp"

struct item { int id; };
extern const std::vector<int> ids;
extern const std::vector<item> items;

void host(vecsink::sink &sink, vecsink::batch &batch);
void host(vecsink::sink &sink, vecsink::batch &batch) {
    static_cast<void>(sink), static_cast<void>(batch);
#ifndef RIGHT
    batch.column("id", ids, &item::id);
#else
    batch.column("id", items, &item::id);
#endif
}
