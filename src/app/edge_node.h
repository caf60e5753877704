// EdgeNode: `certwright edge`. An edge in a process of its own that follows a control node over HTTP.
#pragma once

#include "app/front.h"
#include "app/settings.h"
#include "base/clock.h"
#include "base/task_group.h"
#include "feed/http_source.h"
#include "http/client.h"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace app {

// Runs on the loop it was given.
class EdgeNode {
public:
    static base::Result<std::unique_ptr<EdgeNode>> open(boost::asio::io_context& loop, EdgeSettings settings,
                                                        Front& front);  // outlives it

    // Serves what it knows from earlier at once, and follows the control node from then on.
    base::Task<> start();
    // Everything but the front.
    boost::asio::awaitable<void> stop();

private:
    EdgeNode(boost::asio::io_context& loop, EdgeSettings settings, std::string id, Front& front);
    base::Result<> open_edge();

    void make_source(feed::FollowerIdentity identity);

    Front& front_;
    boost::asio::any_io_executor executor_;
    EdgeSettings settings_;
    std::string id_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<feed::Source> source_;
    base::TaskGroup tasks_;
};

}  // namespace app
