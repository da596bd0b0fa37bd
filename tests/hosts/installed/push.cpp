// A C++ program over the installed header: push URL TABLE.
#include <cstdio>
#include <vecsink.h>

int main(int argc, char **argv) {
    vecsink_sink *sink = nullptr;
    vecsink_error *error = nullptr;
    bool good = argc == 3 && vecsink_sink_open(argv[1], argv[2], &sink, &error) == VECSINK_OK;
    const char *names[] = {"a", "b", "c"};
    static const float embedding[128] = {1};
    for (int id = 0; good && id < 3; id++) {
        const vecsink_value row[] = {vecsink_i64(id), vecsink_text(names[id]), vecsink_vector_f32(embedding, 128)};
        good = vecsink_sink_push(sink, row, 3, VECSINK_NEXT, -1, nullptr, &error) == VECSINK_OK;
    }
    good = good && vecsink_sink_close(sink, 30000, nullptr, &error) == VECSINK_OK;
    if (error != nullptr) {
        std::fprintf(stderr, "%s\n", vecsink_error_message(error));
    }
    vecsink_error_free(error);
    vecsink_sink_free(sink);
    return good ? 0 : 1;
}
