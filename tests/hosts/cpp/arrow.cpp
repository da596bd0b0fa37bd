// A record batch of Arrow's C data interface. Its release callbacks are called once: arrow URL TABLE. The table: id bigint PRIMARY
// KEY, v vector(2).
#include <chrono>
#include <cstdint>
#include <vector>

#include "check.hpp"

// As in https://arrow.apache.org/docs/format/CDataInterface.html.
struct ArrowSchema {
    const char *format, *name, *metadata;
    std::int64_t flags, n_children;
    ArrowSchema **children, *dictionary;
    void (*release)(ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    std::int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    ArrowArray **children, *dictionary;
    void (*release)(ArrowArray *);
    void *private_data;
};

namespace {

int released = 0;

template <class T> void release(T *of) {
    for (std::int64_t child = 0; child < of->n_children; ++child) {
        if (of->children[child]->release != nullptr) of->children[child]->release(of->children[child]);
    }
    of->release = nullptr;
    ++released;
}

ArrowSchema schema(const char *format, const char *name, std::int64_t children = 0, ArrowSchema **of = nullptr) {
    return {format, name, nullptr, 2, children, of, nullptr, release<ArrowSchema>, nullptr};
}

ArrowArray array(std::int64_t length, std::int64_t buffers, const void **data, std::int64_t children = 0, ArrowArray **of = nullptr) {
    return {length, 0, 0, buffers, children, data, of, nullptr, release<ArrowArray>, nullptr};
}

vecsink::pushed push(vecsink::sink &sink, const char *name) {
    const std::vector<std::int64_t> ids{1, 2, 3};
    const std::vector<float> elements{1, 2, 3, 4, 5, 6};
    const void *none[1] = {nullptr}, *id_data[2] = {nullptr, ids.data()}, *element_data[2] = {nullptr, elements.data()};
    ArrowSchema element_schema = schema("f", "item"), *element_child[1] = {&element_schema};
    ArrowSchema id_schema = schema("l", name), list_schema = schema("+w:2", "v", 1, element_child);
    ArrowSchema *fields[2] = {&id_schema, &list_schema};
    ArrowSchema batch_schema = schema("+s", "", 2, fields);
    ArrowArray element_array = array(6, 2, element_data), *element_arrays[1] = {&element_array};
    ArrowArray id_array = array(3, 2, id_data), list_array = array(3, 1, none, 1, element_arrays);
    ArrowArray *arrays[2] = {&id_array, &list_array};
    ArrowArray batch_array = array(3, 1, none, 2, arrays);
    return sink.push_arrow(&batch_array, &batch_schema);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    vecsink::sink sink(argv[1], argv[2]);
    const vecsink::pushed pushed = push(sink, "id");
    CHECK(pushed.rows == 3 && pushed.complete && released == 8);
    CHECK(THROWN(push(sink, "none")).code() == vecsink::errc::shape);
    CHECK(released == 16);
    sink.close(std::chrono::minutes(1));
}
