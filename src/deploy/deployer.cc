#include "deploy/deployer.h"

#include "base/log.h"

#include <boost/asio/redirect_error.hpp>

namespace deploy {

namespace {

// Control takes a follower for alive that it has heard of within 90 s.
constexpr std::chrono::seconds report_every{15};
constexpr std::chrono::seconds longest_report{30};

}  // namespace

// Follows without acknowledging: that a batch is in the cache does not mean that the targets have it.
class Deployer::Quiet final : public feed::Source {
public:
    explicit Quiet(feed::Source& source) : source_(source) {}

    base::Task<feed::Batch> next(model::Position after) override
    {
        co_return co_await source_.next(std::move(after));
    }
    base::Task<> acknowledge(model::Position) override { co_return base::Result<>(); }

private:
    feed::Source& source_;
};

base::Result<std::unique_ptr<Deployer>> Deployer::open(boost::asio::any_io_executor executor,
                                                       const std::filesystem::path& folder,
                                                       const base::Clock& clock)
{
    TRY(store, edge::CertificateStore::open(folder));
    return std::unique_ptr<Deployer>(new Deployer(std::move(executor), std::move(store), clock));
}

Deployer::Deployer(boost::asio::any_io_executor executor, std::unique_ptr<edge::CertificateStore> store,
                   const base::Clock& clock)
    : executor_(executor),
      store_(std::move(store)),
      inventory_(*store_, clock),
      news_(executor),
      tasks_(executor)
{
}

Deployer::~Deployer() = default;

void Deployer::add(std::unique_ptr<Target> target, WorkerOptions options)
{
    workers_.push_back(std::make_unique<Worker>(executor_, inventory_, pool_, std::move(target), options,
                                                [this] { news_.cancel(); }));
}

void Deployer::start(feed::HttpSource& source)
{
    source_ = &source;
    quiet_ = std::make_unique<Quiet>(source);
    for (const auto& worker : workers_) {
        worker->want_all(store_->position());
        tasks_.spawn("deploy " + worker->name(), worker->run());
    }
    tasks_.spawn("report", report());
    tasks_.spawn("follow", feed::follow(*quiet_, *this, "deploy"));
}

boost::asio::awaitable<void> Deployer::stop()
{
    co_await tasks_.stop();
    writer_.join();
    pool_.join();
}

base::Task<> Deployer::apply(std::shared_ptr<const feed::Batch> batch)
{
    auto write = [&store = *store_, batch]() -> base::Result<> {
        TRY(touched, store.apply(*batch));
        return {};
    };
    CO_CHECKED(co_await base::blocking(writer_, std::move(write)));
    if (batch->snapshot && !batch->last) {
        co_return base::Result<>();
    }
    std::set<std::string> endpoints;
    for (const auto& change : batch->changes) {
        if (change.kind == model::RevisionKind::route) {
            endpoints.insert(change.key);
        } else if (change.kind == model::RevisionKind::group) {
            endpoints.insert(std::string(platform_item));  // It names the platform's certificate.
        } else if (change.entry && change.kind == model::RevisionKind::certificate) {
            const auto& endpoint = std::get<feed::CertificateEntry>(*change.entry).endpoint;
            endpoints.insert(endpoint.empty() ? std::string(platform_item) : endpoint);
        }
    }
    for (const auto& worker : workers_) {
        batch->snapshot ? worker->want_all(batch->position) : worker->want(endpoints, batch->position);
    }
    news_.cancel();
    co_return base::Result<>();
}

// The slowest target counts. Without targets (a getter alone) the cache is all there is.
model::Position Deployer::reached() const
{
    auto least = store_->position();
    for (const auto& worker : workers_) {
        const auto& one = worker->reached();
        if (one.epoch != least.epoch) {
            return {least.epoch, 0};
        }
        least.number = std::min(least.number, one.number);
    }
    return least;
}

std::string Deployer::trouble() const
{
    std::string all;
    for (const auto& worker : workers_) {
        if (!worker->trouble().empty()) {
            all += (all.empty() ? "" : "; ") + worker->trouble();
        }
    }
    return all;
}

boost::asio::awaitable<void> Deployer::report()
{
    model::Position told;
    std::string told_trouble;
    bool failing = false;
    while (true) {
        const auto now = reached();
        const auto wrong = trouble();
        news_.expires_after(report_every);
        if (!now.epoch.empty()) {
            source_->set_trouble(wrong);
            const auto sent = co_await base::with_timeout(longest_report, source_->acknowledge(now));
            if (!sent && !failing) {
                base::log::warning("deploy_not_reported", {{"error", sent.error().message()}});
            }
            failing = !sent;
        }
        told = now;
        told_trouble = wrong;
        const bool current = reached() == told && trouble() == told_trouble;
        if (current || failing) {
            boost::system::error_code woken;
            co_await news_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        }
    }
}

}  // namespace deploy
