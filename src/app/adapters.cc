#include "app/adapters.h"

#include "diagnosis/status.h"
#include "issuance/revocation.h"

#include <algorithm>

namespace app {

base::Task<> ChecksByWatch::check_now(std::string endpoint)
{
    CO_TRY(checked, co_await watch_.check_now(std::move(endpoint)));
    co_return base::Result<>();
}

base::Result<> ChecksByWatch::refresh_status(store::Transaction& tx, const std::string& endpoint,
                                             base::Time now)
{
    return diagnosis::refresh_status(tx, endpoint, now);
}

base::Result<model::Order> IssuanceByQueue::enqueue(store::Transaction& tx, const model::Endpoint& endpoint,
                                                    const std::optional<model::Certificate>& replaced,
                                                    base::Time now)
{
    return issuance::enqueue_forced(tx, endpoint, replaced, now);
}

base::Result<std::optional<model::Order>> IssuanceByQueue::enqueue_first(store::Transaction& tx,
                                                                         const model::Endpoint& endpoint,
                                                                         base::Time now)
{
    const auto queue_class = endpoint.bulk ? model::QueueClass::bulk : model::QueueClass::interactive;
    return issuance::enqueue_endpoint(tx, endpoint, queue_class, now);
}

base::Result<bool> IssuanceByQueue::hasten(store::Transaction& tx, const model::Endpoint& endpoint,
                                           base::Time now)
{
    return issuance::hasten(tx, endpoint.id, now);
}

base::Result<> IssuanceByQueue::request_revocation(store::Transaction& tx,
                                                   const model::Certificate& certificate, int reason,
                                                   base::Time now)
{
    return issuance::request_revocation(tx, certificate, reason, now);
}

base::Result<std::optional<model::Order>> IssuanceByQueue::replace_revoked(
    store::Transaction& tx, const model::Certificate& certificate, base::Time now)
{
    return issuance::replace_revoked(tx, certificate, now);
}

base::Task<model::WishAnswer> LocalWishes::wish(model::Wish wish)
{
    if (wishes_ == nullptr) {
        co_return base::fail(base::Errc::unavailable, "this node is starting");
    }
    auto granting = wishes_->grant(group_, std::move(wish));
    co_return co_await std::move(granting);
}

base::Task<> GateByAcknowledgements::wait_until(responder::Audience audience, model::Position position,
                                                std::chrono::milliseconds limit)
{
    auto followers =
        audience == responder::Audience::name_servers ? feed::name_server_class : feed::every_edge;
    CO_CHECKED(co_await acknowledgements_.wait_until(std::move(position), std::move(followers), limit));
    co_return base::Result<>();
}

base::Task<> GateByAcknowledgements::wait_for_edges(std::string group, model::Position position,
                                                    std::chrono::milliseconds limit)
{
    auto edges = feed::edge_class(group);
    CO_CHECKED(co_await acknowledgements_.wait_until(std::move(position), std::move(edges), limit));
    co_return base::Result<>();
}

base::Task<issuance::Deployment> DeploymentByAcknowledgements::wait_until(std::string group,
                                                                          model::Position position,
                                                                          std::chrono::milliseconds limit)
{
    auto edges = feed::edge_class(group);
    CO_TRY(reached, co_await acknowledgements_.wait_until(std::move(position), std::move(edges), limit));
    issuance::Deployment deployment;
    deployment.edges = reached.followers;
    std::ranges::transform(reached.lost, std::back_inserter(deployment.lost),
                           &feed::Acknowledgements::Lost::name);
    co_return deployment;
}

}  // namespace app
