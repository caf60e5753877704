// Event: wakes the coroutines that wait for a change.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace http {

// Check the condition, then wait, then check again; nothing is lost in between on one executor. For one
// waiter at a time.
class Event {
public:
    explicit Event(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    void notify() { timer_.cancel(); }
    // False when `deadline` came first.
    boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline)
    {
        timer_.expires_at(deadline);
        const auto [error] = co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::deferred));
        co_return error == boost::asio::error::operation_aborted;
    }

private:
    boost::asio::steady_timer timer_;
};

}  // namespace http
