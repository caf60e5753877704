#include "issuance/planner.h"

#include "base/log.h"
#include "issuance/enqueue.h"
#include "responder/store_responder.h"

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
        co_await clock_.sleep(options_.poll);
    }
}

base::Task<std::size_t> Planner::plan()
{
    const auto now = clock_.now();
    auto work = [this, now](store::Transaction& tx) -> base::Result<std::size_t> {
        std::size_t queued = 0;
        CHECKED(responder::drop_expired(tx, now));
        TRY(platform, enqueue_platform(tx, options_.platform, now));
        queued += platform && platform->created_at == now ? 1 : 0;
        TRY(due, tx.certificates.due_renewals(now, options_.batch));
        for (const auto& certificate : due) {
            TRY(order, enqueue_renewal(tx, certificate, now));
            queued += order && order->created_at == now ? 1 : 0;
        }
        return queued;
    };
    CO_TRY(queued, co_await store_.write(std::move(work)));
    if (queued > 0) {
        base::log::info("orders_queued", {{"count", queued}});
        wake_();
    }
    co_return queued;
}

}  // namespace issuance
