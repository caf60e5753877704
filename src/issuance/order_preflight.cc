// The steps before the CA hears of an order: is it still wanted, can it be proved, does the CA's ledger allow
// it.
#include "diagnosis/problems.h"
#include "diagnosis/status.h"
#include "issuance/ca_health.h"
#include "issuance/ca_problem.h"
#include "issuance/challenge_choice.h"
#include "issuance/order_job.h"
#include "issuance/store_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using model::OrderStatus;

struct Loaded {
    std::optional<model::Endpoint> endpoint;
    std::optional<model::Certificate> predecessor;
    std::optional<model::ChallengeType> proved_by;
    std::optional<model::RenewalAdvice> advice;
    bool exact_renewal = false;
    model::CaAccount account;
    bool wanted = true;
};

bool same_names(const model::Endpoint& endpoint, const model::Order& order)
{
    return std::ranges::equal(endpoint.names, order.identifiers, {},
                              [](const model::DomainName& name) { return name.text(); });
}

// For the CA it is a renewal when it has issued for exactly these names within this time (ca-facts 1.2).
constexpr std::chrono::days renewal_memory{120};

bool same_set(std::vector<std::string> one, std::vector<std::string> other)
{
    std::ranges::sort(one);
    std::ranges::sort(other);
    return one == other;
}

base::Result<bool> is_exact_renewal(store::Transaction& tx, const model::Order& order, const Loaded& loaded,
                                    base::Time now)
{
    TRY(issued, tx.certificates.of_endpoint(order.endpoint));
    if (loaded.predecessor) {
        issued.push_back(*loaded.predecessor);
    }
    for (const auto& each : issued) {
        if (each.account.empty() || each.created_at + renewal_memory <= now ||
            !same_set(each.identifiers, order.identifiers)) {
            continue;
        }
        const auto account = tx.accounts.get(each.account);
        if (account && ca_of(account->directory_url) == ca_of(loaded.account.directory_url)) {
            return true;
        }
    }
    return false;
}

base::Result<> load_history(store::Transaction& tx, const model::Order& order, Loaded& loaded, base::Time now)
{
    if (!order.replaces.empty()) {
        if (auto predecessor = tx.certificates.get(order.replaces)) {
            loaded.predecessor = std::move(*predecessor);
            const auto before = tx.orders.get(loaded.predecessor->order);
            loaded.proved_by = before ? before->challenge : std::nullopt;
        }
    }
    if (loaded.predecessor && loaded.predecessor->account == order.account) {
        TRY(advice, tx.advice.of_certificate(loaded.predecessor->id));
        loaded.advice = std::move(advice);
    }
    TRY(renewal, is_exact_renewal(tx, order, loaded, now));
    loaded.exact_renewal = renewal;
    return {};
}

base::Result<Loaded> load_for(store::Transaction& tx, const model::Order& order, base::Time now)
{
    Loaded loaded;
    TRY(account, tx.accounts.get(order.account));
    loaded.account = account;
    CHECKED(load_history(tx, order, loaded, now));
    if (order.endpoint.empty()) {
        return loaded;
    }
    auto endpoint = tx.endpoints.get(order.endpoint);
    if (!endpoint && endpoint.error().kind() != base::Errc::not_found) {
        return base::fail(std::move(endpoint).error());
    }
    loaded.wanted = endpoint && !endpoint->deleted_at &&
                    endpoint->status.state != model::EndpointState::deleting &&
                    endpoint->status.state != model::EndpointState::suspended && same_names(*endpoint, order);
    if (endpoint) {
        loaded.endpoint = std::move(*endpoint);
    }
    return loaded;
}

// Another order for the same names goes first: the CA would give both the same pending order.
base::Result<bool> is_second(store::Transaction& tx, const model::Order& order)
{
    TRY(orders, tx.orders.of_endpoint(order.endpoint, 16));
    return std::ranges::any_of(orders, [&](const model::Order& other) {
        return other.id != order.id && other.identifiers == order.identifiers &&
               other.account == order.account && other.status >= OrderStatus::reserved &&
               other.status <= OrderStatus::finalizing;
    });
}

constexpr std::string_view account_busy_code = "account_busy";
constexpr std::string_view ca_failing_code = "ca_failing";

// Whether the account takes a new order now: its key stays, and its CA is not known to fail.
base::Result<> check_account(store::Transaction& tx, const std::string& id, base::Time now)
{
    TRY(account, tx.accounts.get(id));
    if (account.rotation != model::KeyRotation::none) {
        return base::fail(base::Error(base::Errc::rate_limited, "the key of the CA account is being changed")
                              .with_code(std::string(account_busy_code))
                              .with_retry_after(std::chrono::seconds(2)));
    }
    TRY(wait, enter_ca(tx, account.directory_url, now));
    if (wait) {
        return base::fail(
            base::Error(base::Errc::unavailable,
                        fmt::format("It failed several times in a row and is asked again at {}.",
                                    base::to_rfc3339(now + *wait)))
                .with_code(std::string(ca_failing_code))
                .with_retry_after(std::chrono::ceil<std::chrono::seconds>(*wait)));
    }
    return {};
}

}  // namespace

base::Task<> OrderJob::load()
{
    const auto order = order_;
    auto read = [order, now = context_.clock.now()](store::Transaction& tx) {
        return load_for(tx, order, now);
    };
    CO_TRY(loaded, co_await context_.store.read(read));
    account_ = std::move(loaded.account);
    endpoint_ = std::move(loaded.endpoint);
    predecessor_ = std::move(loaded.predecessor);
    proved_by_ = loaded.proved_by;
    advice_ = std::move(loaded.advice);
    exact_renewal_ = loaded.exact_renewal;
    // What the CA has already issued is kept; anything else ends with the endpoint.
    if (!loaded.wanted && order_.status < OrderStatus::issued) {
        Failure failure;
        failure.then = Then::give_up;
        failure.problem = diagnosis::problem("superseded", {});
        co_return base::fail(stop_with(std::move(failure)));
    }
    if (account_->deactivated && order_.status < OrderStatus::issued) {
        co_return base::fail(stop_with(account_gone()));
    }
    if (account_->rotation != model::KeyRotation::none && order_.status >= OrderStatus::ordered &&
        order_.status < OrderStatus::issued) {
        co_return base::fail(stop_with(rotation_waits()));
    }
    co_return base::Result<>();
}

base::Task<> OrderJob::refresh_findings()
{
    CO_CHECKED(co_await save(OrderStatus::preflight));
    auto findings = co_await context_.watch.look(*endpoint_);
    if (!findings) {
        co_return base::Result<>();
    }
    const auto now = context_.clock.now();
    auto write = [id = endpoint_->id, findings = std::move(*findings), now](store::Transaction& tx) {
        return diagnosis::record_findings(tx, id, findings, now);
    };
    CO_TRY(stored, co_await context_.store.write(std::move(write)));
    endpoint_ = std::move(stored);
    co_return base::Result<>();
}

std::optional<model::ChallengeType> OrderJob::choose_challenge() const
{
    if (!endpoint_) {
        return model::ChallengeType::dns_01;
    }
    ProofHistory history;
    history.proved_by = proved_by_;
    if (order_.attempt > 0) {
        history.last = order_.challenge;
        history.last_failed = is_proof_problem(order_.problem.code);
    }
    // What was proved before is not held back by what cannot be looked up now.
    const bool lenient = !order_.replaces.empty();
    return next_challenge(diagnosis::provable_challenges(*endpoint_, endpoint_->status.conditions, lenient),
                          history);
}

base::Task<> OrderJob::preflight()
{
    if (endpoint_) {
        const auto seen = diagnosis::condition_of(endpoint_->status.conditions, "DnsRouting").observed_at;
        const bool fresh =
            seen + context_.options.fresh > context_.clock.now() && choose_challenge().has_value();
        if (!fresh) {
            CO_CHECKED(co_await refresh_findings());
        }
    }
    const auto challenge = choose_challenge();
    if (!challenge) {
        Failure failure;
        failure.then = Then::wait;
        failure.settlement = Settlement::refunded;
        failure.problem = diagnosis::blocking_problem(*endpoint_, endpoint_->status.conditions);
        if (failure.problem.none()) {
            diagnosis::ProblemFacts facts;
            facts.name = first_name();
            failure.problem = diagnosis::problem("dns_lookup_failed", facts);
        }
        co_return base::fail(stop_with(std::move(failure)));
    }
    order_.challenge = challenge;
    co_return co_await check_caa();
}

base::Task<> OrderJob::reserve()
{
    const auto now = context_.clock.now();
    auto next = order_;
    next.status = OrderStatus::reserved;
    next.updated_at = now;
    auto write = [next, now,
                  request = budget_request()](store::Transaction& tx) -> base::Result<model::Order> {
        auto order = next;
        TRY(second, is_second(tx, order));
        if (second) {
            return base::fail(
                base::Error(base::Errc::rate_limited, "another order for the same names is under way")
                    .with_code("order_serial")
                    .with_retry_after(std::chrono::seconds(2)));
        }
        CHECKED(check_account(tx, order.account, now));
        StoreLedger ledger(tx);
        TRY(reservation, Budget::reserve(ledger, request, now));
        order.reservation = reservation;
        CHECKED(tx.orders.save(order));
        if (!order.endpoint.empty()) {
            CHECKED(diagnosis::refresh_status(tx, order.endpoint, now));
        }
        return order;
    };
    auto reserved = co_await context_.store.write(std::move(write));
    if (reserved) {
        order_ = std::move(*reserved);
        exempt_ = Budget::is_exempt(budget_request(), now);
        co_return base::Result<>();
    }
    if (reserved.error().code() == ca_failing_code) {
        co_return base::fail(stop_with(ca_failing(reserved.error())));
    }
    if (reserved.error().kind() != base::Errc::rate_limited) {
        co_return base::fail(std::move(reserved).error());
    }
    Failure failure;
    failure.then = Then::wait;
    failure.settlement = Settlement::refunded;
    failure.wait = reserved.error().retry_after().value_or(std::chrono::seconds(60));
    if (reserved.error().code() != "order_serial" && reserved.error().code() != account_busy_code) {
        failure.problem = problem_of(reserved.error(), first_name(), now);
    }
    co_return base::fail(stop_with(std::move(failure)));
}

}  // namespace issuance
