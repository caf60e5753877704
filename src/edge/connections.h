// Connections: those of one loop that are open, so that they can be drained. Runs on one executor: no locks.
#pragma once

#include "http/exchange.h"
#include "net/stream.h"

#include <list>
#include <memory>
#include <optional>

namespace edge {

// How connections end when an edge stops.
enum class Ending {
    alone,      // nobody takes over: those without a request are closed at once
    succeeded,  // another process listens on: clients are told to open another, and none is cut in between
};

class Connections {
public:
    // One connection: passes its requests on and knows whether one is being answered. Lives longer than its
    // stream, in the coroutine that serves it.
    class Member final : public http::Handler {
    public:
        Member(Connections& all, http::Handler& next);
        Member(const Member&) = delete;
        Member& operator=(const Member&) = delete;
        ~Member() override;

        // Call once: the stream to serve, so that drain() can close it. `client`: who it comes from, where a
        // load balancer in between has said so.
        std::unique_ptr<net::Stream> track(std::unique_ptr<net::Stream> stream,
                                           const std::optional<net::Endpoint>& client = std::nullopt);
        boost::asio::awaitable<void> handle(http::Exchange& exchange) override;
        bool ending() const override { return all_.ending_.has_value(); }
        void serves(http::Endable* connection) override;

    private:
        friend class Connections;
        class Tracked;

        void close();
        void move_to(std::list<Member*>& list);

        Connections& all_;
        http::Handler& next_;
        std::list<Member*>* list_;
        std::list<Member*>::iterator place_;
        net::Stream* stream_ = nullptr;
        http::Endable* endable_ = nullptr;
        std::size_t requests_ = 0;  // being answered; HTTP/2 has several at a time
        bool shed_ = false;
    };

    // From now on connections end. Ending::alone: when they have no request, at once. Otherwise HTTP/1 after
    // its next answer, and HTTP/2 by GOAWAY.
    void drain(Ending ending);
    std::size_t size() const { return idle_.size() + others_.size(); }
    // Closes up to so many connections without a request, those idle for longest first; returns how many.
    std::size_t shed(std::size_t most);
    // Those that shed() has closed and whose coroutines have not ended yet.
    std::size_t closing() const { return closing_; }

private:
    std::list<Member*> idle_;    // without a request, least recently used first
    std::list<Member*> others_;  // with requests, or shed
    std::size_t closing_ = 0;
    std::optional<Ending> ending_;
};

}  // namespace edge
