#include "issuance/planner.h"

#include "base/log.h"
#include "issuance/budget.h"
#include "issuance/enqueue.h"

#include <algorithm>

namespace issuance {

Planner::Planner(store::Store& store, base::Clock& clock, PlannerOptions options, std::function<void()> wake)
    : store_(store), clock_(clock), options_(std::move(options)), wake_(std::move(wake))
{
}

boost::asio::awaitable<void> Planner::run()
{
    for (;;) {
        auto queued = co_await plan();
        if (!queued) {
            base::log::warning("planning_failed", {{"error", queued.error().message()}});
        }
        co_await clock_.sleep(queued && more_ ? options_.busy_poll : options_.poll);
    }
}

base::Result<Planner::Planned> Planner::look(store::Transaction& tx, base::Time now) const
{
    Planned planned;
    CHECKED(Budget::tidy(tx, now));
    if (options_.platform_certificate) {
        TRY(platform, enqueue_platform(tx, options_.platform, now));
        planned.queued += platform && platform->created_at == now ? 1 : 0;
    }
    TRY(waiting, tx.orders.backlog(model::QueueClass::renewal, options_.backlog));
    const auto room = std::min(options_.batch, options_.backlog - std::min(options_.backlog, waiting));
    planned.more = room < options_.batch;
    if (room == 0) {
        return planned;
    }
    TRY(due, tx.certificates.due_renewals(now, room));
    planned.more = planned.more || due.size() == room;
    for (const auto& certificate : due) {
        TRY(order, enqueue_renewal(tx, certificate, now));
        planned.queued += order && order->created_at == now ? 1 : 0;
    }
    return planned;
}

base::Task<std::size_t> Planner::plan()
{
    auto work = [this, now = clock_.now()](store::Transaction& tx) { return look(tx, now); };
    CO_TRY(planned, co_await store_.write(std::move(work)));
    more_ = planned.more;
    if (planned.queued > 0) {
        base::log::info("orders_queued", {{"count", planned.queued}});
        wake_();
    }
    co_return planned.queued;
}

}  // namespace issuance
