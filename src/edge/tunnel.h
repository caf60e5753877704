// Carries octets both ways between two streams, for protocols that have left HTTP (WebSocket).
#pragma once

#include "base/task.h"
#include "net/stream.h"

#include <chrono>
#include <memory>

namespace edge {

// Returns when either side ends or nothing has passed for `idle`; both are closed then.
boost::asio::awaitable<void> tunnel(std::unique_ptr<net::Stream> a, std::unique_ptr<net::Stream> b,
                                    std::chrono::milliseconds idle);

}  // namespace edge
