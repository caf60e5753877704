// Serving HTTP/1 and HTTP/2 on a stream.
#pragma once

#include "http/exchange.h"
#include "net/stream.h"

#include <chrono>
#include <memory>

namespace http {

struct ServerLimits {
    std::size_t head_bytes = 32 * 1024;  // request line and headers
    std::size_t header_count = 200;
    std::chrono::milliseconds head_time{10'000};  // from the first byte to the end of the head
    std::chrono::milliseconds idle_time{75'000};  // between requests of a kept connection
    std::chrono::milliseconds body_time{60'000};  // without a byte of the body
    std::size_t body_rate = 500;  // bytes a second, on average, until the answer begins; 0: any
    std::chrono::milliseconds write_time{60'000};  // for one write
    std::size_t requests = 10'000;                 // on one connection
};

// Serves requests on `stream` until either side ends it. Rejects ambiguous framing (RFC 9112 6.3: CL with TE,
// repeated different CL, obs-fold, bare LF, missing or repeated Host) with 400 and closes.
boost::asio::awaitable<void> serve_http1(std::unique_ptr<net::Stream> stream, Handler& handler,
                                         const ServerLimits& limits);

// The same for HTTP/2 (RFC 9113, by nghttp2): streams are served concurrently, with flow control both ways.
// `head_time` bounds the preface; `header_count` and `head_bytes` bound each request's fields; `requests`
// ends in GOAWAY.
boost::asio::awaitable<void> serve_http2(std::unique_ptr<net::Stream> stream, Handler& handler,
                                         const ServerLimits& limits);

// By what ALPN chose: "h2", else HTTP/1.
boost::asio::awaitable<void> serve_http(std::unique_ptr<net::Stream> stream, Handler& handler,
                                        const ServerLimits& limits);

}  // namespace http
