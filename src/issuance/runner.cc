#include "issuance/runner.h"

#include "base/log.h"

#include <boost/asio/experimental/parallel_group.hpp>

#include <algorithm>

namespace issuance {

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds shortest_sleep{5};
const store::Queue all_bulk{model::QueueClass::bulk, ""};

// Counts a job for as long as it runs.
class Counted {
public:
    Counted(std::map<store::Queue, std::size_t>& running, const model::Order& order) : running_(running)
    {
        add(store::Queue{order.queue_class, order.tenant});
        if (order.queue_class == model::QueueClass::bulk) {
            add(all_bulk);
        }
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted()
    {
        for (const auto& queue : queues_) {
            if (const auto found = running_.find(queue); --found->second == 0) {
                running_.erase(found);
            }
        }
    }

private:
    void add(store::Queue queue)
    {
        ++running_[queue];
        queues_.push_back(std::move(queue));
    }

    std::map<store::Queue, std::size_t>& running_;
    std::vector<store::Queue> queues_;
};

}  // namespace

Runner::Runner(asio::any_io_executor executor, JobContext& context, RunnerOptions options)
    : context_(context), options_(std::move(options)), sleeper_(executor), jobs_(executor)
{
}

void Runner::wake()
{
    woken_ = true;
    sleeper_.cancel();
}

asio::awaitable<void> Runner::run()
{
    std::exception_ptr stopped;
    try {
        for (;;) {
            woken_ = false;
            auto started = co_await start_due();
            if (!started) {
                base::log::warning("orders_not_claimed", {{"error", started.error().message()}});
            }
            auto next = co_await until_next();
            if (woken_) {
                continue;
            }
            sleeper_.expires_after(next.value_or(options_.poll));
            boost::system::error_code woken;
            co_await sleeper_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await jobs_.stop();
    std::rethrow_exception(stopped);
}

// What arrives later finds room, also when one tenant's jobs all hang.
store::Shares Runner::shares() const
{
    store::Shares shares;
    shares.most = options_.in_flight - options_.in_flight / 4;
    shares.running = running_;
    shares.running.try_emplace(all_bulk, 0);
    return shares;
}

base::Task<std::size_t> Runner::start_due()
{
    const auto free = options_.in_flight - std::min(options_.in_flight, jobs_.size());
    if (free == 0) {
        co_return std::size_t(0);
    }
    auto claim = [this, free, shares = shares()](store::Transaction& tx) {
        return tx.orders.claim(options_.node, options_.lease, free, shares);
    };
    CO_TRY(claimed, co_await context_.store.write(claim));
    for (auto& order : claimed) {
        const std::string name = "order " + order.identifiers.front();
        jobs_.spawn(name, run_job(std::move(order)));
    }
    co_return claimed.size();
}

// A full house waits for a job to end, which wakes us.
base::Task<milliseconds> Runner::until_next()
{
    if (jobs_.size() >= options_.in_flight) {
        co_return options_.poll;
    }
    auto read = [](store::Transaction& tx) { return tx.orders.next_waiting(); };
    CO_TRY(next, co_await context_.store.read(read));
    if (!next) {
        co_return options_.poll;
    }
    const auto wait = *next - context_.clock.now();
    co_return std::clamp<milliseconds>(wait, shortest_sleep, std::max(options_.poll, shortest_sleep));
}

// Returns when the lease is lost.
asio::awaitable<void> Runner::keep_lease(const OrderJob& job)
{
    for (;;) {
        co_await base::sleep_for(milliseconds(options_.lease) / 3);
        const auto order = job.order();
        auto extend = [order, lease = options_.lease](store::Transaction& tx) {
            return tx.orders.extend(order, lease);
        };
        auto extended = co_await context_.store.write(extend);
        if (!extended && extended.error().kind() == base::Errc::conflict) {
            base::log::warning("order_lease_lost", {{"order", order.id}});
            co_return;
        }
    }
}

// The count ends before the runner looks for more.
asio::awaitable<void> Runner::run_job(model::Order order)
{
    {
        const Counted counted(running_, order);
        co_await run_claimed(std::move(order));
    }
    wake();
}

asio::awaitable<void> Runner::run_claimed(model::Order order)
{
    auto executor = co_await asio::this_coro::executor;
    OrderJob job(context_, std::move(order));
    std::exception_ptr stopped;
    try {
        auto work = asio::co_spawn(executor, job.run(), asio::deferred);
        auto lease = asio::co_spawn(executor, keep_lease(job), asio::deferred);
        auto both = asio::experimental::make_parallel_group(std::move(work), std::move(lease));
        auto outcome = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        auto& [ended, failure, lease_failure] = outcome;
        // The one that ended first tells: a job that is done, a lease that is lost, or our own cancellation.
        if (const auto& first = ended[0] == 0 ? failure : lease_failure; first) {
            std::rethrow_exception(first);
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (stopped) {
        const auto left = job.order();
        auto release = [left](store::Transaction& tx) { return tx.orders.release(left); };
        static_cast<void>(co_await context_.store.write(release));
        std::rethrow_exception(stopped);
    }
}

}  // namespace issuance
