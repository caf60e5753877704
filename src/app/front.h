// Front: what answers visitors and resolvers. It outlives the node that feeds it: while the data folder is in
// another process's hands, it goes on with what it knows.
#pragma once

#include "app/wish_relay.h"
#include "base/clock.h"
#include "edge/edge.h"
#include "nameserver/server.h"
#include "net/passed_sockets.h"

#include <memory>

namespace app {

// Belongs to the control loop; the name server and the edge have loops of their own inside.
struct Front {
    Front() = default;
    Front(const Front&) = delete;
    Front& operator=(const Front&) = delete;

    // Returns when the name server answers, if there is one: with its first data. Code takeover_failed.
    base::Task<> wait_for_names();
    // Ending::succeeded: another process has the sockets, connections end without a loss.
    boost::asio::awaitable<void> stop(edge::Ending ending);

    base::SystemClock clock;
    net::PassedSockets sockets;
    // Another process answers from the same sockets until this one is ready.
    bool succeeding = false;
    WishRelay wishes;  // of the edge, to the node
    std::unique_ptr<nameserver::Server> name_server;
    std::unique_ptr<edge::Edge> edge;
};

}  // namespace app
