// Orders and their CA account: one that cannot be used now, and the next one that may do better.
#include "base/log.h"
#include "diagnosis/problems.h"
#include "issuance/ca_health.h"
#include "issuance/failover.h"
#include "issuance/order_job.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

// Long enough to leave the drain of a key rotation in peace.
constexpr std::chrono::seconds rotation_pause{10};

bool was_tried(const model::Order& order, const std::string& account)
{
    return account == order.account || std::ranges::find(order.tried, account) != order.tried.end();
}

}  // namespace

CaNeed OrderJob::need() const
{
    return need_of(endpoint_, order_.key_type, predecessor_, context_.clock.now());
}

OrderJob::Failure OrderJob::account_gone() const
{
    diagnosis::ProblemFacts facts;
    facts.detail = fmt::format("The account '{}' is deactivated.", account_->name);
    Failure failure;
    failure.problem = diagnosis::problem("ca_account_invalid", facts);
    failure.settlement = order_.order_url.empty() ? Settlement::refunded : Settlement::ordered;
    return failure;
}

OrderJob::Failure OrderJob::rotation_waits() const
{
    Failure failure;
    failure.then = Then::resume;
    failure.wait = rotation_pause;
    return failure;
}

OrderJob::Failure OrderJob::ca_failing(const base::Error& error) const
{
    diagnosis::ProblemFacts facts;
    facts.detail = error.message();
    Failure failure;
    failure.then = Then::wait;
    failure.settlement = Settlement::refunded;
    failure.problem = diagnosis::problem("ca_unavailable", facts);
    failure.wait = error.retry_after().value_or(std::chrono::seconds(60));
    failure.breaker = true;
    return failure;
}

base::Result<> OrderJob::note_health(store::Transaction& tx, const Failure& failure, base::Time now) const
{
    const auto& code = failure.problem.code;
    if (!account_ || account_->deactivated) {
        return {};
    }
    if (code == "ca_unavailable" && !failure.breaker && !failure.busy) {
        return note_outage(tx, *account_, failure.problem, now);
    }
    if (code == "ca_account_invalid") {
        return note_account_problem(tx, *account_, failure.problem, now);
    }
    if (failure.blocked && failure.blocked->retry_after()) {
        return note_limit(tx, *account_, failure.problem, now + *failure.blocked->retry_after(), now);
    }
    return {};
}

// Where several accounts may issue, CAA may still forbid this one: then the next is taken without asking the
// CA.
base::Task<> OrderJob::check_caa()
{
    if (!endpoint_ || account_->caa_identities.empty()) {
        co_return base::Result<>();
    }
    auto read = [policy = endpoint_->ca_policy](store::Transaction& tx) {
        return tx.accounts.of_policy(policy);
    };
    CO_TRY(accounts, co_await context_.store.read(std::move(read)));
    if (accounts.size() < 2) {
        co_return base::Result<>();  // The findings are about this one.
    }
    diagnosis::CaIdentity identity{account_->name, account_->caa_identities, account_->account_url};
    auto problem = co_await context_.watch.caa_problem(*endpoint_, std::move(identity));
    if (!problem || problem->none()) {
        co_return base::Result<>();
    }
    Failure failure;
    failure.then = Then::wait;
    failure.settlement = Settlement::refunded;
    failure.problem = std::move(*problem);
    co_return base::fail(stop_with(std::move(failure)));
}

// Gives the order to the next account that may issue, or back to the first when all have failed. Returns what
// people are told of it.
base::Result<std::string> OrderJob::move_on(store::Transaction& tx, Failure& failure,
                                            model::Order& order) const
{
    const auto now = order.updated_at;
    const bool patient = predecessor_ && may_wait(predecessor_->not_before, predecessor_->not_after, now);
    const FailedAttempt failed{failure.problem, failure.wait, order.attempt, failure.breaker, patient};
    if (!account_ || failure.then == Then::give_up || order_.status >= model::OrderStatus::issued ||
        !another_ca_may_help(failed)) {
        return std::string();
    }
    auto all = candidates(tx, need());
    if (!all) {
        return all.error().kind() == base::Errc::not_found
                   ? base::Result<std::string>(std::string())
                   : base::Result<std::string>(base::fail(std::move(all).error()));
    }
    const model::CaAccount* next = nullptr;
    for (const auto& each : *all) {
        TRY(wait, wait_for_ca(tx, each.directory_url, now));
        if (next == nullptr && !was_tried(order, each.id) && each.problem.none() && !wait) {
            next = &each;
        }
    }
    const bool another = next != nullptr;
    if (!another && !order.tried.empty()) {
        next = &all->front();
    }
    if (next == nullptr || next->id == order.account) {
        return std::string();
    }
    if (failure.then == Then::resume) {
        failure.then = Then::reorder;
        failure.settlement = Settlement::ordered;
    }
    forget_ca_order(order);
    if (!another) {
        order.tried.clear();
        assign(order, *next, need());
        return std::string(" Every CA account of its policy was tried; the first one is next.");
    }
    order.tried.push_back(order.account);
    order.problem = {};
    order.next_action_at = now + std::chrono::seconds(1);
    assign(order, *next, need());
    base::log::info("order_moved", {{"order", order.id}, {"name", first_name()}, {"account", next->name}});
    return fmt::format(" The CA account '{}' is tried next.", next->name);
}

}  // namespace issuance
