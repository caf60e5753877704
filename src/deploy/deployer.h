// Deployer: a follower of the revision feed whose servers are proxies of others. What the feed says is kept
// in a cache file first; workers bring it to the targets, each at its own pace; control is told of a revision
// when every target has it.
#pragma once

#include "base/task_group.h"
#include "deploy/worker.h"
#include "feed/follower.h"
#include "feed/http_source.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace deploy {

// Runs on one executor: no locks. What open() is given outlives it.
class Deployer final : public feed::Sink {
public:
    // The cache lies in `folder`.
    static base::Result<std::unique_ptr<Deployer>> open(boost::asio::any_io_executor executor,
                                                        const std::filesystem::path& folder,
                                                        const base::Clock& clock);

    ~Deployer() override;

    // Before start().
    void add(std::unique_ptr<Target> target, WorkerOptions options = {});
    // Delivers what the cache has, and follows `source` from there.
    void start(feed::HttpSource& source);
    boost::asio::awaitable<void> stop();

    const Inventory& inventory() const { return inventory_; }
    boost::asio::thread_pool& pool() { return pool_; }

    base::Task<> apply(std::shared_ptr<const feed::Batch> batch) override;
    model::Position position() const override { return store_->position(); }

private:
    class Quiet;

    Deployer(boost::asio::any_io_executor executor, std::unique_ptr<edge::CertificateStore> store,
             const base::Clock& clock);
    boost::asio::awaitable<void> report();
    model::Position reached() const;
    std::string trouble() const;

    boost::asio::any_io_executor executor_;
    std::unique_ptr<edge::CertificateStore> store_;
    Inventory inventory_;
    boost::asio::thread_pool pool_{2};
    boost::asio::thread_pool writer_{1};  // batches are applied in order
    std::vector<std::unique_ptr<Worker>> workers_;
    feed::HttpSource* source_ = nullptr;
    std::unique_ptr<Quiet> quiet_;
    boost::asio::steady_timer news_;
    base::TaskGroup tasks_;
};

}  // namespace deploy
