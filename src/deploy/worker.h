// Worker: keeps one target at what the inventory says, retrying for as long as it takes.
#pragma once

#include "deploy/inventory.h"
#include "deploy/target.h"
#include "model/records.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <set>

namespace deploy {

struct WorkerOptions {
    std::chrono::milliseconds look_every{2'000};  // whether the target has lost what it had
    std::chrono::milliseconds longest_pause{15'000};
    std::size_t page = 200;
};

// Runs on one executor: no locks. `inventory`, `pool` (which reads it) and `changed` outlive it.
class Worker {
public:
    Worker(boost::asio::any_io_executor executor, const Inventory& inventory, boost::asio::thread_pool& pool,
           std::unique_ptr<Target> target, WorkerOptions options, std::function<void()> changed);

    // The inventory changed in these endpoints, up to `position`.
    void want(const std::set<std::string>& endpoints, const model::Position& position);
    void want_all(const model::Position& position);

    // Until cancelled.
    boost::asio::awaitable<void> run();

    std::string name() const { return target_->name(); }
    // Everything up to here is delivered. An empty epoch: nothing yet.
    const model::Position& reached() const { return reached_; }
    const std::string& trouble() const { return trouble_; }

private:
    base::Task<> look();
    base::Task<> deliver();
    base::Task<> deliver_all();
    base::Task<> deliver_some(std::vector<std::string> endpoints);
    base::Task<> put(std::vector<std::string> endpoints);
    void note(const base::Result<>& outcome);
    boost::asio::awaitable<void> sleep(std::chrono::milliseconds time);

    const Inventory& inventory_;
    boost::asio::thread_pool& pool_;
    std::unique_ptr<Target> target_;
    WorkerOptions options_;
    std::function<void()> changed_;
    std::set<std::string> dirty_;
    bool all_ = false;
    bool put_ = false;  // since the last rest
    model::Position wanted_;
    model::Position reached_;
    std::string trouble_;
    std::chrono::milliseconds pause_{0};
    boost::asio::steady_timer sleeper_;
};

}  // namespace deploy
