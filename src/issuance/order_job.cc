#include "issuance/order_job.h"

#include "base/log.h"
#include "issuance/ca_health.h"

#include <algorithm>

namespace issuance {

using model::OrderStatus;

boost::asio::awaitable<void> OrderJob::run()
{
    while (!model::is_final(order_.status)) {
        auto done = co_await step();
        if (done) {
            resumed_ = false;
            continue;
        }
        if (done.error().code() == "lease_lost") {
            base::log::warning("order_lease_lost",
                               {{"order", order_.id}, {"status", model::to_string(order_.status)}});
            co_return;
        }
        Failure failure = failure_ ? std::move(*failure_) : classify(done.error());
        failure_.reset();
        auto recorded = co_await record(std::move(failure));
        if (!recorded) {
            base::log::error("order_failure_not_stored",
                             {{"order", order_.id}, {"error", recorded.error().message()}});
        }
        co_return;
    }
}

base::Task<> OrderJob::step()
{
    if (!account_) {
        CO_CHECKED(co_await load());
    }
    switch (order_.status) {
        case OrderStatus::queued:
        case OrderStatus::preflight:
            CO_CHECKED(co_await preflight());
            co_return co_await reserve();
        case OrderStatus::reserved:
            if (resumed_) {
                co_return co_await recover_lost_order();
            }
            co_return co_await order_at_ca();
        case OrderStatus::ordered:
        case OrderStatus::answering:
        case OrderStatus::proving:
            co_return co_await prove();
        case OrderStatus::finalizing:
            co_return co_await finalize();
        case OrderStatus::issued:
            co_return co_await wait_for_deployment();
        case OrderStatus::deployed:
        case OrderStatus::failed:
            break;
    }
    co_return base::Result<>();
}

base::Error OrderJob::stop_with(Failure failure)
{
    base::Error error(base::Errc::internal, failure.problem.message);
    failure_ = std::move(failure);
    return error;
}

base::Task<> OrderJob::save(OrderStatus status)
{
    auto next = order_;
    next.status = status;
    next.updated_at = context_.clock.now();
    auto write = [next](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.orders.save(next));
        return next.status == OrderStatus::ordered ? note_answer(tx, next.account, next.updated_at)
                                                   : base::Result<>();
    };
    CO_CHECKED(co_await context_.store.write(write));
    order_ = std::move(next);
    co_return base::Result<>();
}

BudgetRequest OrderJob::budget_request() const
{
    BudgetRequest request;
    request.account = account_->id;
    request.directory_url = account_->directory_url;
    request.identifiers = order_.identifiers;
    request.queue_class = order_.queue_class;
    request.forced = order_.forced;
    request.exact_renewal = exact_renewal_;
    if (advice_ && advice_->window_start && advice_->window_end && !advice_->replaces_refused) {
        request.window.emplace(*advice_->window_start, *advice_->window_end);
    }
    return request;
}

// HTTP-01 of the default account is answered by the thumbprint alone.
bool OrderJob::publishes() const
{
    return order_.challenge != model::ChallengeType::http_01 || !account_->is_default;
}

base::Result<> append_event(store::Transaction& tx, const model::Order& order, std::string type,
                            std::string message, base::Time now)
{
    model::Event event;
    event.tenant = order.tenant;
    event.subject = order.endpoint.empty() ? "platform" : order.endpoint;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["name"] = order.identifiers.front();
    event.data["order"] = order.id;
    if (!order.certificate.empty()) {
        event.data["certificate"] = order.certificate;
    }
    if (!order.problem.none()) {
        event.data["reason"] = order.problem.code;
    }
    event.created_at = now;
    return tx.events.append(event);
}

}  // namespace issuance
