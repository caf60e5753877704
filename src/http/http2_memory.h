// Memory for nghttp2, made for many connections that are idle.
#pragma once

#include <nghttp2/nghttp2.h>

namespace http {

// nghttp2 has a buffer for a whole frame (16 KiB) with each session, of which an answer's head needs a few
// hundred octets. Buffers of that size come as pages of their own, which take memory as far as they were
// written to, and give it back when they are freed. Everything else is malloc's. Safe from any thread.
nghttp2_mem* http2_memory();

}  // namespace http
