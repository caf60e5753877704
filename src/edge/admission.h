// Admission: which connections a loop takes when it has as many as it may, or when the process has no file
// left. Idle connections make room first: a new visitor matters more than one who may come back.
#pragma once

#include "base/result.h"
#include "edge/connections.h"
#include "edge/counters.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>

namespace edge {

// Shared by the listeners of one loop. Runs on one executor: no locks.
class Admission {
public:
    Admission(Connections& connections, Counters& counters, std::size_t most)
        : connections_(connections), counters_(counters), most_(most)
    {
    }

    // A connection was accepted while `open` others are. False: nothing idle could make room, close it.
    bool admit(std::size_t open);
    // Accepting failed, usually for want of files. Makes room, and returns when it is worth another try.
    boost::asio::awaitable<void> failed(base::Error error);

private:
    using Clock = std::chrono::steady_clock;

    // One line for a time of want, however many connections it turns away.
    void report(std::string_view event, std::string_view why);
    void recovered();

    Connections& connections_;
    Counters& counters_;
    const std::size_t most_;
    bool wanting_ = false;
    Clock::time_point last_want_{};
    std::size_t turned_away_ = 0;
};

}  // namespace edge
