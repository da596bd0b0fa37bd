// vecsink for C++17 and later: a thin layer over vecsink.h, which has the rules of threads, lifetimes and callbacks.
//
//     vecsink::sink sink("postgresql://me:secret@db/shop", "public.items");
//     const std::uint64_t sequence = sink.push(7, "lamp", embedding);        // one row, on the stack; embedding: std::vector<float>
//
//     vecsink::batch batch;                                                   // columns, borrowed from your memory
//     batch.column("id", ids).column("name", names).matrix("embedding", matrix, 768);
//     sink.push_batch(batch);
//
//     sink.wait_durable(sequence);                                            // a pushed row is safe only when it is durable
//     sink.close(std::chrono::seconds(30));
//
// Handles are move-only, free themselves, and give the C handle with get(). A moved-from or default-constructed handle is
// empty: using it throws. A call that fails throws vecsink::error. Only functions named try_… and …_for don't throw when
// there is no room or no time left: their result says it. So this layer needs exceptions: with -fno-exceptions use
// vecsink.h.
#ifndef VECSINK_HPP
#define VECSINK_HPP

#include "vecsink/exceptions.hpp"
#ifdef __cpp_exceptions

#include "vecsink.h"

#include "vecsink/batch.hpp"
#include "vecsink/error.hpp"
#include "vecsink/log.hpp"
#include "vecsink/pipeline.hpp"
#include "vecsink/row.hpp"
#include "vecsink/sink.hpp"
#include "vecsink/sink_builder.hpp"
#include "vecsink/span.hpp"
#include "vecsink/timeout.hpp"
#include "vecsink/value.hpp"

namespace vecsink {

// The version of the library that is loaded: "0.1.0".
inline const char *version() noexcept { return vecsink_version(); }

// The version of the library that is loaded, as a number like VECSINK_VERSION_NUMBER.
inline std::uint32_t version_number() noexcept { return vecsink_version_number(); }

} // namespace vecsink

#endif // __cpp_exceptions

#endif // VECSINK_HPP
