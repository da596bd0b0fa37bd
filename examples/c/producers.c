/* Several threads push vectors into PostgreSQL with pgvector, each with a numbered stream of its own. When the program is started
 * again, also after a crash, each thread goes on after its last durable row.
 *
 *     cc producers.c $(pkg-config --cflags --libs vecsink) -pthread -lm -o producers
 *     ./producers postgresql://user:password@host/database schema.table [rows of each thread]
 *
 * The table: CREATE TABLE items (id bigint PRIMARY KEY, name text, embedding vector(128))
 */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <vecsink.h>

enum { PRODUCERS = 4, DIMENSION = 128 };

struct producer {
    const char *url, *table;
    uint64_t number, rows;
    pthread_t thread;
    atomic_uint_fast64_t durable; /* every row below this number is in the database */
    uint64_t first, written;
    bool failed;
};

/* The sink calls on_durable and on_rejected from a thread of its own. If the rows came from a message queue, on_durable would
 * acknowledge the messages of the durable rows. */
static void on_durable(void *user_data, uint64_t durable) {
    struct producer *self = user_data;
    atomic_store(&self->durable, durable);
}

static void on_rejected(void *user_data, const vecsink_rejected *row) {
    struct producer *self = user_data;
    fprintf(stderr, "producer %" PRIu64 ": row %" PRIu64 " was rejected: %s\n", self->number, row->sequence, row->reason);
}

/* Takes the place of a model. */
static void embed(uint64_t id, float *embedding) {
    for (int at = 0; at < DIMENSION; at++) {
        embedding[at] = sinf((float)id * 0.37f + (float)at);
    }
}

static bool open_sink(struct producer *self, vecsink_sink **sink, vecsink_error **error) {
    const char *columns[] = {"id", "name", "embedding"};
    char stream[32];
    snprintf(stream, sizeof stream, "producer-%" PRIu64, self->number);
    vecsink_sink_builder *builder;
    bool opened = !vecsink_sink_builder_new(self->url, self->table, &builder, error) &&
                  !vecsink_sink_builder_columns(builder, columns, 3, error) &&
                  !vecsink_sink_builder_stream(builder, stream, error) &&
                  !vecsink_sink_builder_option(builder, "conflictmode", "upsert", error) &&
                  !vecsink_sink_builder_option(builder, "connectionmaxactive", "2", error) &&
                  !vecsink_sink_builder_on_durable(builder, on_durable, self, error) &&
                  !vecsink_sink_builder_on_rejected(builder, on_rejected, self, error) &&
                  !vecsink_sink_builder_open(builder, sink, error);
    vecsink_sink_builder_free(builder);
    return opened;
}

static bool push_all(struct producer *self, vecsink_sink *sink, vecsink_error **error) {
    /* All rows below this number are durable, so they aren't even computed again. */
    self->first = vecsink_sink_resume_position(sink);
    for (uint64_t row = self->first; row < self->rows; row++) {
        uint64_t id = row * PRODUCERS + self->number;
        char name[32];
        float embedding[DIMENSION];
        snprintf(name, sizeof name, "item %" PRIu64, id);
        embed(id, embedding);
        vecsink_value values[] = {vecsink_i64((int64_t)id), vecsink_text(name), vecsink_vector_f32(embedding, DIMENSION)};
        /* `row` is the row's number in the stream. With the time-out -1 the push waits while there is no room. */
        vecsink_code code = vecsink_sink_push(sink, values, 3, row, -1, NULL, error);
        if (code == VECSINK_REJECTED) {
            fprintf(stderr, "%s\n", vecsink_error_message(*error)); /* the table can't store this row; go on with the next */
            vecsink_error_free(*error);
        } else if (code != VECSINK_OK) {
            return false;
        }
    }
    return true;
}

static void *produce(void *user_data) {
    struct producer *self = user_data;
    vecsink_sink *sink = NULL;
    vecsink_error *error = NULL;
    vecsink_stats stats = {.size = sizeof stats};
    /* A pushed row is not stored yet. All rows are durable when close or flush has returned VECSINK_OK. */
    self->failed = !open_sink(self, &sink, &error) || !push_all(self, sink, &error) ||
                   vecsink_sink_close(sink, 30000, &stats, &error) != VECSINK_OK;
    if (self->failed) {
        fprintf(stderr, "producer %" PRIu64 ": %s\n", self->number, vecsink_error_message(error));
        vecsink_error_free(error);
    }
    self->written = stats.rows_written;
    vecsink_sink_free(sink);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s postgresql://user:password@host/database schema.table [rows]\n", argv[0]);
        return 2;
    }
    static struct producer producers[PRODUCERS];
    for (uint64_t number = 0; number < PRODUCERS; number++) {
        struct producer *producer = &producers[number];
        producer->url = argv[1];
        producer->table = argv[2];
        producer->number = number;
        producer->rows = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000;
        if (pthread_create(&producer->thread, NULL, produce, producer) != 0) {
            fprintf(stderr, "no thread for producer %" PRIu64 "\n", number);
            exit(1);
        }
    }
    bool failed = false;
    for (int number = 0; number < PRODUCERS; number++) {
        struct producer *producer = &producers[number];
        pthread_join(producer->thread, NULL);
        printf("producer %d: from row %" PRIu64 ", %" PRIu64 " written, durable below %" PRIu64 "\n", number, producer->first,
               producer->written, (uint64_t)atomic_load(&producer->durable));
        failed = failed || producer->failed;
    }
    return failed ? 1 : 0;
}
