// FinalizeDesk: finalization, and the issuing that it starts (RFC 8555 7.4). Internal to relay/.
#pragma once

#include "base/task_group.h"
#include "relay/order_desk.h"

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace relay {

// A request outlives the call. Runs on one executor: no locks.
class FinalizeDesk {
public:
    FinalizeDesk(World& world, OrderDesk& orders, boost::asio::any_io_executor executor)
        : world_(world), orders_(orders), executor_(executor), tasks_(executor)
    {
    }

    Answer finalize(Request& request);

    // Goes on with orders that a process left unfinished.
    base::Task<> resume();
    boost::asio::awaitable<void> stop() { return tasks_.stop(); }

private:
    // What finalize waits for.
    struct Issuing {
        explicit Issuing(const boost::asio::any_io_executor& executor) : ended(executor) {}
        boost::asio::steady_timer ended;
        bool over = false;
    };

    std::shared_ptr<Issuing> start(const std::string& order);
    boost::asio::awaitable<void> issue(std::string order, std::shared_ptr<Issuing> issuing);
    boost::asio::awaitable<Checked<std::vector<std::string>>> sign(const Order& order);
    boost::asio::awaitable<Checked<>> check_caa_again(const Order& order);
    base::Task<> keep(Order order, std::vector<std::string> chains);
    base::Task<> fail_order(std::string order, Problem problem);

    World& world_;
    OrderDesk& orders_;
    boost::asio::any_io_executor executor_;
    base::TaskGroup tasks_;
};

}  // namespace relay
