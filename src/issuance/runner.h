// Runner: claims orders that are due and runs their jobs, a bounded number at once, each under a lease that
// is kept alive.
#pragma once

#include "base/task_group.h"
#include "issuance/order_job.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <string>

namespace issuance {

struct RunnerOptions {
    std::string node;            // this control node, as leases name it
    std::size_t in_flight = 32;  // jobs at once; three quarters of them for one tenant's class, or for bulk
    std::chrono::seconds lease{15};         // an order of a node that died is free after this
    std::chrono::milliseconds poll{1'000};  // orders that other nodes queued are found by asking
};

// Runs on one executor: no locks.
class Runner {
public:
    // `context` outlives the runner.
    Runner(boost::asio::any_io_executor executor, JobContext& context, RunnerOptions options);

    // Until cancelled; then every job has unwound and its lease is given back.
    boost::asio::awaitable<void> run();
    // Orders may be due: called after whatever queued one has committed.
    void wake();
    std::size_t in_flight() const { return jobs_.size(); }

private:
    base::Task<std::size_t> start_due();
    store::Shares shares() const;
    base::Task<std::chrono::milliseconds> until_next();
    boost::asio::awaitable<void> run_job(model::Order order);
    boost::asio::awaitable<void> run_claimed(model::Order order);
    boost::asio::awaitable<void> keep_lease(const OrderJob& job);

    JobContext& context_;
    const RunnerOptions options_;
    boost::asio::steady_timer sleeper_;
    bool woken_ = false;
    std::map<store::Queue, std::size_t> running_;  // jobs by tenant and class, and of all bulk work
    base::TaskGroup jobs_;
};

}  // namespace issuance
