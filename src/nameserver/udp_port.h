// UdpPort: answers questions from one UDP socket in batches. Runs on one loop.
#pragma once

#include "nameserver/worker_state.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>

#include <memory>

namespace nameserver {

class UdpPort {
public:
    UdpPort(boost::asio::ip::udp::socket socket, Shared& shared, LoopCounters& counters,
            const Manners& manners);
    ~UdpPort();

    // Until cancelled or closed.
    boost::asio::awaitable<void> serve();
    void close();

private:
    struct Batch;

    // Answers what has arrived, one batch; how many questions there were.
    std::size_t serve_batch();
    // The reply's size in slot `i`; 0: none.
    std::size_t answer_one(std::size_t i, std::size_t query_size, std::chrono::steady_clock::time_point now);
    void send(std::size_t count);

    boost::asio::ip::udp::socket socket_;
    const bool any_address_;
    Shared& shared_;
    LoopCounters& counters_;
    const Manners& manners_;
    std::unique_ptr<Batch> batch_;
};

}  // namespace nameserver
