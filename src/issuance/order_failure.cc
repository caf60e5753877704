// What becomes of an order when a step does not succeed.
#include "base/log.h"
#include "diagnosis/status.h"
#include "issuance/backoff.h"
#include "issuance/ca_problem.h"
#include "issuance/order_job.h"
#include "issuance/store_ledger.h"

#include <algorithm>

namespace issuance {

namespace {

using model::OrderStatus;

// For work that only a person can set going again; the order stays, so that "retry" finds it.
constexpr std::chrono::days until_a_person_acts{3650};

}  // namespace

void forget_ca_order(model::Order& order)
{
    order.status = OrderStatus::queued;
    order.order_url.clear();
    order.finalize_url.clear();
    order.certificate_url.clear();
    order.csr_der.clear();
    order.sealed_key.clear();
    order.reservation.clear();
}

OrderJob::Failure OrderJob::classify(const base::Error& error) const
{
    Failure failure;
    failure.problem = problem_of(error, first_name(), context_.clock.now());
    failure.paused = is_paused(error);
    failure.busy = is_busy(error);
    // A newOrder of an earlier run may have been counted.
    const bool lost = order_.status == OrderStatus::reserved && resumed_;
    failure.settlement = order_.order_url.empty() && !lost ? Settlement::refunded : Settlement::ordered;
    if (error.retry_after()) {
        failure.wait = *error.retry_after();
    }
    if (error.kind() == base::Errc::rate_limited) {
        failure.blocked = error;
    }
    const bool passing = error.kind() == base::Errc::unavailable || error.kind() == base::Errc::timeout ||
                         error.kind() == base::Errc::rate_limited || error.code() == "acme:badAnswer";
    // An order that the CA knows is worth going on with; finishing what is issued always is.
    if ((passing && !order_.order_url.empty() && error.code() != "dns_propagation") ||
        order_.status == OrderStatus::issued) {
        failure.then = Then::resume;
    }
    return failure;
}

base::Task<> OrderJob::record(Failure failure)
{
    if (failure.then != Then::resume && order_.status >= OrderStatus::ordered) {
        CO_CHECKED(co_await context_.responder.clean_up(order_.id));
    }
    const auto now = context_.clock.now();
    auto next = order_;
    next.updated_at = now;
    if (!failure.problem.none()) {
        next.problem = failure.problem;
    }
    if (failure.then == Then::give_up) {
        forget_ca_order(next);
        next.status = OrderStatus::failed;
    } else if (failure.then != Then::resume) {
        forget_ca_order(next);
    }
    // Waiting for a limit is no failed attempt, if we know how long.
    const bool timed = failure.problem.code == "ca_rate_limited" && failure.wait > std::chrono::seconds(0);
    const bool limited = timed || failure.breaker || failure.problem.none();
    next.attempt += limited ? 0 : 1;
    const auto ladder =
        limited ? std::chrono::milliseconds(1'000) : backoff(next.attempt, context_.options.first_retry);
    next.next_action_at = now + std::max(ladder, failure.wait);
    if (failure.paused) {
        next.next_action_at = now + until_a_person_acts;
    }
    auto write = [this, failure, next](store::Transaction& tx) { return store_failure(tx, failure, next); };
    CO_CHECKED(co_await context_.store.write(std::move(write)));
    base::log::warning("order_stopped", {{"order", order_.id},
                                         {"name", first_name()},
                                         {"step", model::to_string(order_.status)},
                                         {"code", failure.problem.code},
                                         {"problem", failure.problem.message},
                                         {"next", base::to_rfc3339(next.next_action_at)}});
    order_ = std::move(next);
    co_return base::Result<>();
}

base::Result<> OrderJob::store_failure(store::Transaction& tx, Failure failure, model::Order order) const
{
    const auto now = order.updated_at;
    CHECKED(note_health(tx, failure, now));
    TRY(moved, move_on(tx, failure, order));
    StoreLedger ledger(tx);
    if (failure.then != Then::resume) {
        CHECKED(Budget::settle(ledger, order_.reservation, failure.settlement, now));
    }
    if (account_) {
        const auto request = budget_request();
        if (failure.blocked) {
            CHECKED(Budget::block(ledger, request, *failure.blocked, now));
        }
        CHECKED(Budget::count_failures(ledger, request, failure.disproved, now));
    }
    CHECKED(tx.orders.save(order));
    CHECKED(tx.orders.release(order));
    if (failure.then == Then::reorder && !failure.problem.none()) {
        const bool renewal = !order.replaces.empty();
        CHECKED(append_event(tx, order,
                             renewal ? "certificate.renewal.failed" : "certificate.validation.failed",
                             failure.problem.message + moved, now));
    }
    if (order.endpoint.empty() || !tx.endpoints.get(order.endpoint)) {
        return {};
    }
    return diagnosis::refresh_status(tx, order.endpoint, now);
}

}  // namespace issuance
