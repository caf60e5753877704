// What a forwarded request is made of, for the sources of Forwarder.
#pragma once

#include "edge/forwarder.h"
#include "http/event.h"

namespace edge {

inline constexpr std::size_t piece_of_body = 48 * 1024;
// How often it is seen whether the client still waits for its answer.
inline constexpr std::chrono::seconds between_looks{1};

// One request on its way. Lives as long as forward().
struct Forwarder::Job {
    Job(http::Exchange& e, std::shared_ptr<const Route> r, ForwardLimits l, std::string i)
        : exchange(e), route(std::move(r)), limits(l), id(std::move(i))
    {
        exchange.when_abandoned([this] { leave(); });
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() { exchange.when_abandoned({}); }

    // The client has left: whatever waits for the upstream ends, and the upstream sees it.
    void leave()
    {
        abandoned = true;
        if (connection) {
            connection->close();
        }
    }

    http::Exchange& exchange;
    std::shared_ptr<const Route> route;
    ForwardLimits limits;
    std::string id;
    std::optional<std::string> body;  // when it is known whole
    std::unique_ptr<http::Http1Connection> connection;
    bool sent = false;  // something of the request may have arrived
    bool abandoned = false;
};

// What the two coroutines of a streamed request tell each other.
struct Forwarder::Streaming {
    explicit Streaming(const boost::asio::any_io_executor& executor) : word(executor) {}

    void hear()
    {
        heard = true;
        word.notify();
    }

    std::optional<base::Error> client_failure;
    bool waits = false;     // to send the body, for the upstream's word
    bool heard = false;     // it has come: 100, or the answer
    bool answered = false;  // the answer has begun
    bool sent = false;      // the whole request
    http::Event word;
};

inline std::chrono::steady_clock::time_point in(std::chrono::milliseconds limit)
{
    return std::chrono::steady_clock::now() + limit;
}

base::Error client_left();
base::Error switched_unasked();

// `own`: where an origin is kept that is this request's alone.
const http::Origin& origin_of(const http::Exchange& exchange, const Route& route, const Upstream& upstream,
                              std::optional<http::Origin>& own);

}  // namespace edge
