// Events as server-sent events (WHATWG HTML 9.2), continued by Last-Event-ID. Internal to api/.
#pragma once

#include "api/call.h"

#include <boost/asio/steady_timer.hpp>

#include <list>

namespace api {

// The streams that are open. Runs on one executor: no locks.
class EventStreams {
public:
    EventStreams(boost::asio::any_io_executor executor, Parts parts)
        : executor_(std::move(executor)), parts_(parts)
    {
    }

    // Sends every event after `after` (none: those that come from now on) until the client goes away, its
    // token is revoked or its session has ended (seen within a second or two), the stream has lived for ten
    // minutes, or stop().
    boost::asio::awaitable<void> serve(http::Exchange& exchange, endpoints::Caller caller,
                                       std::optional<std::int64_t> after);

    void wake();
    void stop();
    bool full() const;

private:
    base::Task<std::int64_t> start(std::string tenant, std::optional<std::int64_t> after);
    base::Task<std::int64_t> send_new(http::Exchange& exchange, std::string tenant, std::int64_t after);
    boost::asio::awaitable<bool> has_ended(http::RequestHead request);
    boost::asio::awaitable<void> wait();

    boost::asio::any_io_executor executor_;
    Parts parts_;
    std::list<boost::asio::steady_timer*> waiting_;
    std::size_t open_ = 0;
    bool stopping_ = false;
};

}  // namespace api
