// Exchange: one request and its answer, as a handler sees it, over HTTP/1 or HTTP/2. Bodies are pulled and
// pushed, so back-pressure works both ways. Runs on one executor: no locks.
#pragma once

#include "base/task.h"
#include "http/message.h"
#include "net/stream.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace http {

class Exchange {
public:
    virtual ~Exchange() = default;

    virtual const RequestHead& request() const = 0;
    virtual const net::ConnectionFacts& connection() const = 0;

    // The next piece of the request body; 0 bytes at its end. Sends "100 Continue" first where the client
    // waits for it.
    virtual base::Task<std::size_t> read_body(std::span<char> buffer) = 0;
    // Bytes that the request announced: a Content-Length; empty when unknown (chunked, HTTP/2 without
    // length).
    virtual std::optional<std::uint64_t> body_length() const = 0;
    // The client sends no body before it is told to, or has an answer (Expect: 100-continue).
    virtual bool expects_continue() const { return false; }
    virtual const Headers& request_trailers() const = 0;  // after the body's end

    // Once, before any body; kept back until the first body piece, finish() or flush(), so that small answers
    // are one write. Framing headers (Content-Length kept, Transfer-Encoding, Connection) are the server's
    // job.
    virtual base::Result<> send_head(ResponseHead head) = 0;
    // An interim answer (RFC 9110 15.2; neither 100, which read_body() sends, nor 101), at once and before
    // send_head(). Left out where the client could not tell it from the answer.
    virtual base::Task<> send_interim(ResponseHead head);
    virtual base::Task<> send_body(std::span<const char> data) = 0;
    // Ends the answer. Without it the exchange is reset.
    virtual base::Task<> finish(Headers trailers) = 0;
    // The same as send_body(last) and finish() without trailers, in one write.
    virtual base::Task<> send_last(std::span<const char> last);
    // Sends what is kept back, for answers that pause (event streams, long polls).
    virtual base::Task<> flush();
    // Gives up: RST_STREAM, or the connection closed.
    virtual void reset() = 0;
    // The client has left, so nobody will have the answer. Costs a system call.
    virtual bool abandoned() { return false; }
    // Calls `tell` as soon as it is known that the client has left; an empty one is called no more.
    virtual void when_abandoned(std::function<void()> tell) { static_cast<void>(tell); }

    // After send_head(101) and flush(): the raw stream in both directions (WebSocket). HTTP/1 only; null
    // otherwise. Bytes that were already read beyond the head come first from it.
    virtual std::unique_ptr<net::Stream> upgrade() = 0;

    bool head_sent = false;
};

// A connection that can be asked to end by itself, without losing a request.
class Endable {
public:
    virtual void end_soon() = 0;

protected:
    ~Endable() = default;
};

// Must answer (send_head ... finish) or reset; what it leaves unanswered becomes a 500.
class Handler {
public:
    virtual ~Handler() = default;
    virtual boost::asio::awaitable<void> handle(Exchange& exchange) = 0;
    // True once connections should end: the next answer over HTTP/1 is then the last one and says so.
    virtual bool ending() const { return false; }
    // An HTTP/2 connection is being served, until null is told.
    virtual void serves(Endable* connection) { static_cast<void>(connection); }
};

// Helpers for small answers.
base::Task<> send_text(Exchange& exchange, int status, std::string content_type, std::string body,
                       Headers extra = Headers());
// The whole request body; invalid + code body_too_large beyond `limit` bytes.
base::Task<std::string> read_all(Exchange& exchange, std::size_t limit);

}  // namespace http
