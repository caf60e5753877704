// The upstream side of a proxy: HTTP/1.1 connections to origins, and the pool that keeps them (RFC 9112).
//
//     CO_TRY(answer, co_await pool.send(origin, head, limit));              // no request body: retried when
//     stale while (n = co_await answer.connection->read_body(buffer)) { ... }
//     pool.release(std::move(answer.connection));
//
//     CO_TRY(connection, co_await pool.acquire(origin, limit));             // with a request body
//     connection->begin(head, Framing::chunked());
//     co_await connection->send_body(piece); ... co_await connection->finish();
//     CO_TRY(response, co_await connection->read_head());
#pragma once

#include "base/task.h"
#include "http/message.h"
#include "net/address_memory.h"
#include "net/stream.h"

#include <chrono>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace http {

class BodyReader;
class InputBuffer;
struct ParsedResponse;

// Where requests go.
struct Origin {
    Origin() = default;
    Origin(std::string s, std::string h, std::uint16_t p) : scheme(std::move(s)), host(std::move(h)), port(p)
    {
    }

    std::string scheme = "http";  // http or https
    std::string host;             // name or address, no brackets
    std::uint16_t port = 80;
    std::string server_name;  // https: SNI and what the certificate must cover; empty: host
    bool verify = true;       // https
    // Only addresses on the public Internet: for names whose owner may not reach our own network by them.
    bool public_only = false;
    // Octets that begin each connection: the PROXY protocol. Connections that began otherwise are others.
    std::string preamble;

    auto operator<=>(const Origin&) const = default;
};

// How the end of a request body is marked.
struct Framing {
    static Framing none() { return Framing(Kind::none, 0); }
    static Framing length(std::uint64_t bytes) { return Framing(Kind::length, bytes); }
    static Framing chunked() { return Framing(Kind::chunked, 0); }

    enum class Kind { none, length, chunked };
    Kind kind;
    std::uint64_t bytes;

private:
    Framing(Kind k, std::uint64_t b) : kind(k), bytes(b) {}
};

// More interim answers than any origin sends.
inline constexpr int most_interim = 16;
// 1xx, but not 101, which ends the exchange in HTTP.
constexpr bool is_interim(int status)
{
    return status >= 100 && status < 200 && status != 101;
}

// One connection, one exchange at a time. Runs on one executor: no locks. Destroying it closes the
// connection.
class Http1Connection {
public:
    explicit Http1Connection(std::unique_ptr<net::Stream> stream);
    ~Http1Connection();

    // Bounds all that follows, until it is set again: see net::Stream::set_deadline.
    void set_deadline(std::chrono::steady_clock::time_point when);

    // Starts a request: serializes its head, which leaves with the first body piece, finish() or flush().
    // Host comes from head.authority; Host, Connection, Content-Length and Transfer-Encoding among the
    // headers are left out and written from `framing`; `Connection: upgrade` is written when head.headers has
    // Upgrade.
    void begin(const RequestHead& head, Framing framing, bool upgrade = false);
    base::Task<> flush();
    // A whole body, none or empty, and its end, without waiting: false when flush() has to send the rest.
    base::Result<bool> send_whole_now(std::string_view body);
    base::Task<> send_body(std::span<const char> data);
    // Trailers need Framing::chunked(); otherwise they are left out.
    base::Task<> finish(Headers trailers = Headers());

    // The next head, interim ones (1xx but 101) too. Strict: ambiguous framing is unavailable, code
    // bad_upstream. May be awaited while another coroutine still sends the body, and again after a timeout.
    base::Task<ResponseHead> read_any_head();
    // The final head (101 included).
    base::Task<ResponseHead> read_head();
    // After read_head(): at least one byte, or 0 at the end of the body. A body cut short is an error.
    base::Task<std::size_t> read_body(std::span<char> buffer);
    // The same without waiting; empty when nothing has arrived: then readable().
    base::Result<std::optional<std::size_t>> read_body_now(std::span<char> buffer);
    base::Task<> readable() { return stream_->readable(); }
    // The whole body, when its length is known and all of it has arrived with the head; drop_body() then ends
    // it.
    std::optional<std::string_view> arrived_body() const;
    void drop_body();
    // True when no byte of the body is left to come (known early: the caller can end its own answer in the
    // same write).
    bool body_ended() const;
    // Content-Length of the answer; empty for chunked or close-delimited bodies.
    std::optional<std::uint64_t> body_length() const { return announced_; }
    const Headers& trailers() const;

    // Both messages have ended and the connection stays open.
    bool reusable() const;
    // Came out of the pool, and no byte of this answer has arrived: the origin may have closed it before our
    // request.
    bool stale() const { return reused_ && !answer_began_; }
    bool is_idle() { return stream_->is_idle(); }
    // After 101: the raw stream, bytes already read first. This connection is spent.
    std::unique_ptr<net::Stream> upgrade();
    void close() { stream_->close(); }
    const net::ConnectionFacts& facts() const { return stream_->facts(); }

private:
    friend class UpstreamPool;

    // Nothing while more has to arrive.
    base::Result<std::optional<ParsedResponse>> parsed_head(std::size_t& seen);
    ResponseHead take_head(ParsedResponse response);
    base::Result<bool> write_now(std::span<const char> data);
    base::Task<> write_out(std::span<const char> data, std::string_view after);

    std::unique_ptr<net::Stream> stream_;
    std::unique_ptr<InputBuffer> input_;
    std::unique_ptr<BodyReader> body_;
    std::string output_;
    Origin origin_;
    std::chrono::steady_clock::time_point idle_since_{};
    std::string method_;
    Framing framing_ = Framing::none();
    std::uint64_t sent_ = 0;
    std::optional<std::uint64_t> announced_;
    bool request_ended_ = true;
    bool malformed_ = false;  // the request's head cannot be written
    bool reused_ = false;
    bool answer_began_ = false;
    bool keep_alive_ = true;
    bool switching_ = false;
};

struct PoolLimits {
    std::size_t idle_per_origin = 256;
    std::size_t idle_total = 1024;
    std::size_t idle_with_preamble = 256;  // which tell of one visitor, and are of use for that one alone
    std::chrono::milliseconds idle_time{60'000};
};

// Idle connections by origin. Runs on one executor: no locks.
class UpstreamPool {
public:
    // `allowed` decides at connect time where connections may go; `trust_file` is PEM, empty: the system's
    // roots.
    UpstreamPool(PoolLimits limits, net::AddressPolicy allowed, std::string trust_file);
    ~UpstreamPool();

    // An idle connection that is still good, or null.
    std::unique_ptr<Http1Connection> take(const Origin& origin);
    // An idle connection that is still good, or a new one. `limit` bounds connecting; the connection's
    // deadline is unset.
    base::Task<std::unique_ptr<Http1Connection>> acquire(Origin origin, std::chrono::milliseconds limit);
    // Never an idle one.
    base::Task<std::unique_ptr<Http1Connection>> connect(Origin origin, std::chrono::milliseconds limit);

    struct Answer {
        std::unique_ptr<Http1Connection> connection;
        ResponseHead head;
    };
    // A request without a body, up to the head of its answer, within `limit` (the deadline stays set). A
    // connection that went stale in the pool is replaced once by a new one: no byte of an answer came.
    base::Task<Answer> send(Origin origin, RequestHead head, std::chrono::milliseconds limit);

    // Keeps the connection for the next request when it can serve one; closes it otherwise. Null is ignored.
    void release(std::unique_ptr<Http1Connection> connection);

    // Closes the idle ones. Until then their timers keep the loop running.
    void clear();

    std::size_t idle() const { return idle_.size() + idle_with_preamble_.size(); }

private:
    using Idle = std::list<std::unique_ptr<Http1Connection>>;

    Idle& list_of(const Origin& origin) { return origin.preamble.empty() ? idle_ : idle_with_preamble_; }
    void drop(Idle::iterator connection);
    void drop_expired(Idle& list);

    PoolLimits limits_;
    net::AddressPolicy allowed_;
    std::string trust_file_;
    net::AddressMemory memory_;
    // Least recently used first. Those with a preamble displace no others.
    Idle idle_;
    Idle idle_with_preamble_;
    std::map<Origin, std::vector<Idle::iterator>> by_origin_;
};

}  // namespace http
