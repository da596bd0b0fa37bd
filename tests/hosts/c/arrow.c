/* Record batches by Arrow's C data interface, each released exactly once: arrow URL TABLE. The table: id bigint PRIMARY KEY,
 * v vector(2). */
#include "arrow_structs.h"
#include "check.h"

static int arrays_released, schemas_released;

static void release_array(struct ArrowArray *array) {
    CHECK(array->private_data == (void *)&arrays_released);
    for (int64_t at = 0; array->children != NULL && at < array->n_children; at++) {
        if (array->children[at] != NULL && array->children[at]->release != NULL) {
            array->children[at]->release(array->children[at]);
        }
    }
    arrays_released++;
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t at = 0; at < schema->n_children; at++) {
        if (schema->children[at] != NULL && schema->children[at]->release != NULL) {
            schema->children[at]->release(schema->children[at]);
        }
    }
    schemas_released++;
    schema->release = NULL;
}

static int64_t ids[] = {7, 1, 2, 3, 4};
static float floats[] = {9, 9, 1, 2, 3, 4, 5, 6, 7, 8};
static const void *id_buffers[] = {NULL, ids}, *list_buffers[] = {NULL}, *float_buffers[] = {NULL, floats}, *no_buffers[] = {NULL};
static struct ArrowArray id_array, list_array, float_array, batch;
static struct ArrowArray *batch_children[2], *list_children[1];
static struct ArrowSchema id_schema, list_schema, float_schema, schema;
static struct ArrowSchema *schema_children[2], *item_children[1];

static struct ArrowArray array_of(int64_t length, int64_t n_buffers, const void **buffers, int64_t n_children,
                                  struct ArrowArray **children) {
    struct ArrowArray array = {length, 0, 0, n_buffers, n_children, buffers, children, NULL, release_array, &arrays_released};
    return array;
}

static struct ArrowSchema schema_of(const char *format, const char *name, int64_t n_children, struct ArrowSchema **children) {
    struct ArrowSchema made = {format, name, NULL, 2, n_children, children, NULL, release_schema, NULL};
    return made;
}

/* A record batch of four rows, which are the last four of arrays with five. */
static void make(void) {
    arrays_released = schemas_released = 0;
    id_array = array_of(4, 2, id_buffers, 0, NULL);
    id_array.offset = 1;
    float_array = array_of(10, 2, float_buffers, 0, NULL);
    list_children[0] = &float_array;
    list_array = array_of(4, 1, list_buffers, 1, list_children);
    list_array.offset = 1;
    batch_children[0] = &id_array;
    batch_children[1] = &list_array;
    batch = array_of(4, 1, no_buffers, 2, batch_children);
    id_schema = schema_of("l", "id", 0, NULL);
    float_schema = schema_of("f", "item", 0, NULL);
    item_children[0] = &float_schema;
    list_schema = schema_of("+w:2", "v", 1, item_children);
    schema_children[0] = &id_schema;
    schema_children[1] = &list_schema;
    schema = schema_of("+s", "", 2, schema_children);
}

static vecsink_sink *sink;

/* The batch fails with this code. All of it is released nevertheless. */
static void refused(const char *what, vecsink_code code) {
    EXPECT(code, vecsink_sink_push_arrow, sink, &batch, &schema, VECSINK_NEXT, 0, NULL);
    printf("%s: %s\n", what, last_message);
    CHECK(batch.release == NULL && schema.release == NULL);
    CHECK(arrays_released >= 1 && schemas_released >= 1);
    make();
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    OK(vecsink_sink_open, argv[1], argv[2], &sink);
    make();
    vecsink_pushed pushed;
    OK(vecsink_sink_push_arrow, sink, &batch, &schema, VECSINK_NEXT, -1, &pushed);
    CHECK(pushed.rows == 4 && pushed.first == 0 && pushed.last == 3 && pushed.rejected == 0);
    CHECK(arrays_released == 4 && schemas_released == 4);
    CHECK(batch.release == NULL && schema.release == NULL);

    make();
    schema.format = "l";
    refused("no struct", VECSINK_INVALID_ARGUMENT);
    schema.format = NULL;
    refused("no format", VECSINK_INVALID_ARGUMENT);
    id_schema.format = "\xff";
    refused("a format that isn't UTF-8", VECSINK_INVALID_ARGUMENT);
    id_schema.format = "nonsense";
    refused("a format that doesn't exist", VECSINK_INVALID_ARGUMENT);
    id_schema.name = "colour";
    refused("a column the sink doesn't have", VECSINK_SHAPE);
    batch.n_children = 1;
    refused("fewer children than the schema has", VECSINK_INVALID_ARGUMENT);
    batch_children[1] = NULL;
    refused("a child that is NULL", VECSINK_INVALID_ARGUMENT);
    batch.children = NULL;
    refused("no children", VECSINK_INVALID_ARGUMENT);
    batch.length = -1;
    refused("a negative length", VECSINK_INVALID_ARGUMENT);
    batch.length = 1000;
    refused("a length beyond the children's", VECSINK_INVALID_ARGUMENT);
    list_array.length = 100;
    refused("a child beyond its own child", VECSINK_INVALID_ARGUMENT);
    id_array.n_buffers = 0;
    refused("no buffers", VECSINK_INVALID_ARGUMENT);
    float_schema.format = "l";
    refused("a vector of integers", VECSINK_SHAPE);
    list_schema.format = "+w:3";
    refused("a list of another size", VECSINK_INVALID_ARGUMENT);

    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, NULL, &batch, &schema, VECSINK_NEXT, 0, NULL);
    CHECK(arrays_released == 4 && schemas_released == 4);
    make();
    EXPECT(VECSINK_INVALID_ARGUMENT, vecsink_sink_push_arrow, sink, &batch, NULL, VECSINK_NEXT, 0, NULL);
    CHECK(arrays_released == 4 && schemas_released == 0 && batch.release == NULL);

    OK(vecsink_sink_close, sink, 60000, NULL);
    make();
    refused("a closed sink", VECSINK_CLOSED);
    vecsink_sink_free(sink);
    refused("a freed sink", VECSINK_INVALID_HANDLE);
    return 0;
}
