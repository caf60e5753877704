// Courier: takes what is due in the outbox to its channels, several at once, and records what came of it.
#pragma once

#include "alerts/carrier.h"
#include "base/task_group.h"
#include "store/store.h"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace alerts {

// Runs on one executor: no locks. The arguments outlive it. Stop it before it dies.
//
// At least once: a node that dies, or loses its lease, between the receiver's answer and the record of it
// leaves a delivery that is carried again, under the same id.
class Courier {
public:
    // Checked in each write: fails when another node has taken over.
    using Guard = std::function<base::Result<>(store::Transaction&)>;

    Courier(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
            Carriers& carriers, const Options& options, Guard guard);

    // Starts what is due and not under way; returns how many were started.
    base::Task<std::size_t> start_due();
    // Waits until nothing is under way.
    boost::asio::awaitable<void> join() { return tasks_.join(); }
    boost::asio::awaitable<void> stop() { return tasks_.stop(); }

private:
    struct Job {
        model::Channel channel;
        model::Delivery delivery;
    };

    base::Task<std::vector<Job>> take();
    bool has_room(const model::Channel& channel) const;
    boost::asio::awaitable<void> carry(Job job);
    base::Task<> record(Job job, base::Result<> outcome);

    store::Store& store_;
    base::Clock& clock_;
    Carriers& carriers_;
    const Options& options_;
    Guard guard_;
    std::set<std::string> under_way_;                // deliveries
    std::map<std::string, std::size_t> of_channel_;  // how many of each
    base::TaskGroup tasks_;
};

}  // namespace alerts
