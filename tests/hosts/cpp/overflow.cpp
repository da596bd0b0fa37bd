// Mistakes that the sanitizers must find: overflow heap|integer|leak. They show that the sanitizers work in the other programs, which
// are compiled like this one.
#include <cstring>
#include <limits>
#include <vector>

#include "vecsink.hpp"

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (std::strcmp(argv[1], "heap") == 0) {
        // The library reads one element after the vector's end.
        std::vector<float> v(4);
        v.shrink_to_fit();
        const vecsink::span<const float> beyond(v.data(), v.size() + 1);
        return beyond[v.size()] == 0.0F ? 0 : 1;
    }
    if (std::strcmp(argv[1], "integer") == 0) {
        volatile int most = std::numeric_limits<int>::max();
        most = most + 1;
        return 0;
    }
    // Memory that is never freed.
    return new std::vector<float>(100) == nullptr ? 1 : 0;
}
