// FeedHandlers: the revision feed over HTTP, for remote edges. HttpSource is the other side.
#pragma once

#include "feed/server/store_source.h"
#include "http/router.h"
#include "model/wish.h"

#include <functional>
#include <string>

namespace feed {

// GET /feed/v1/changes?epoch=&after=&wait= (or &snapshot=<cursor>) and POST /feed/v1/ack and /feed/v1/wishes.
// The client's certificate, or the bearer token's scope "edge:<group>", says whose routes and keys may be
// seen. Runs on one executor: no locks. Outlives the router.
class FeedHandlers {
public:
    // Finds a token by its secret; unauthorized for unknown, revoked and expired ones.
    using Authorise = std::function<base::Task<model::Token>(std::string secret)>;

    // Grants or refuses what an edge of the group was asked for.
    using Grant = std::function<base::Task<model::WishAnswer>(std::string group, model::Wish wish)>;

    // Answers are compressed on `pool`, which outlives this.
    FeedHandlers(const World& world, Authorise authorise, boost::asio::thread_pool& pool, Grant grant = {});

    void add_to(http::Router& router);

private:
    boost::asio::awaitable<void> changes(http::Exchange& exchange);
    boost::asio::awaitable<void> acknowledge(http::Exchange& exchange);
    boost::asio::awaitable<void> wish(http::Exchange& exchange);

    // Who asks; its group says what it may see.
    struct Caller {
        std::string group;
        std::string id;
    };
    base::Task<Caller> caller_of(http::Exchange& exchange);
    base::Task<std::string> group_of_token(http::Exchange& exchange);
    base::Task<> send_batch(http::Exchange& exchange, std::string text);
    base::Task<std::string> batch_for(http::Exchange& exchange);
    base::Task<> note(http::Exchange& exchange);
    base::Task<std::string> decide(http::Exchange& exchange);

    World world_;
    Authorise authorise_;
    boost::asio::thread_pool& pool_;
    Grant grant_;
};

}  // namespace feed
