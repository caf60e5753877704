// newOrder, and what becomes of one whose answer never came.
#include "base/log.h"
#include "crypto/certificate.h"
#include "issuance/ca_problem.h"
#include "issuance/order_job.h"
#include "issuance/store_ledger.h"

#include <algorithm>
#include <array>

namespace issuance {

namespace {

using model::OrderStatus;

acme::Identifier identifier_of(const std::string& text)
{
    boost::system::error_code error;
    static_cast<void>(boost::asio::ip::make_address(text, error));
    acme::Identifier identifier;
    identifier.type = error ? "dns" : "ip";
    identifier.value = text;
    return identifier;
}

// The CA itself has said no. What stands before it, and pages in place of an order, leave that open.
bool was_answered(const base::Error& error)
{
    if (error.code() == "acme:gateway" || error.code() == "acme:badAnswer") {
        return false;
    }
    return !error.code().empty() || error.retry_after().has_value();
}

// What a CA has against the names, the account or the profile it says of an order without `replaces` too.
bool is_about_something_else(const base::Error& error)
{
    constexpr std::array<std::string_view, 6> types{
        "acme:rejectedIdentifier", "acme:unsupportedIdentifier", "acme:caa", "acme:dns",
        "acme:invalidProfile",     "acme:invalidContact"};
    return is_about_account(error) || std::ranges::find(types, error.code()) != types.end();
}

// Any refusal that is not a limit, an outage or about something else may be about `replaces`: CAs have no
// type of their own for it (RFC 9773 5 names alreadyReplaced alone). A failure that comes back on a later
// attempt may be too: CAs exist that answer 500 when they do not find the certificate.
bool may_be_about_replaces(const base::Error& error, int attempt)
{
    if (is_about_something_else(error)) {
        return false;
    }
    return error.kind() == base::Errc::conflict || error.kind() == base::Errc::not_found ||
           error.kind() == base::Errc::invalid || error.kind() == base::Errc::unauthorized ||
           (attempt > 0 && error.code() == "acme:serverInternal");
}

}  // namespace

// The CA may have counted it, and usually gives the same pending order again.
base::Task<> OrderJob::recover_lost_order()
{
    const auto now = context_.clock.now();
    auto next = order_;
    next.status = OrderStatus::queued;
    next.reservation.clear();
    next.updated_at = now;
    auto write = [next, lost = order_.reservation, now](store::Transaction& tx) -> base::Result<> {
        StoreLedger ledger(tx);
        CHECKED(Budget::settle(ledger, lost, Settlement::ordered, now));
        return tx.orders.save(next);
    };
    CO_CHECKED(co_await context_.store.write(std::move(write)));
    order_ = std::move(next);
    co_return base::Result<>();
}

base::Task<std::string> OrderJob::predecessor_ari_id()
{
    if (!predecessor_ || predecessor_->account != order_.account || (advice_ && advice_->replaces_refused)) {
        co_return std::string();
    }
    CO_TRY(directory, co_await client_->directory());
    const auto chain = crypto::parse_chain(predecessor_->chain_pem);
    co_return !directory.renewal_info.empty() && chain ? chain->leaf.ari_id : std::string();
}

// Whatever the CA has against it, the certificate is not worth a second refusal.
base::Task<> OrderJob::drop_replaces(const std::string& ari_id)
{
    auto advice = advice_.value_or(model::RenewalAdvice());
    advice.ari_id = ari_id;
    advice.certificate = predecessor_->id;
    advice.account = predecessor_->account;
    auto write = [advice](store::Transaction& tx) -> base::Result<> {
        TRY(known, tx.advice.get(advice.ari_id));
        auto row = known.value_or(advice);
        row.replaces_refused = true;
        return tx.advice.put(row);
    };
    CO_CHECKED(co_await context_.store.write(std::move(write)));
    advice.replaces_refused = true;
    advice_ = std::move(advice);
    co_return base::Result<>();
}

// What was exempt when it was reserved no longer is: it has to be counted first.
base::Error OrderJob::reserve_again()
{
    Failure failure;
    failure.then = Then::wait;
    failure.settlement = Settlement::refunded;
    return stop_with(std::move(failure));
}

base::Task<> OrderJob::order_at_ca()
{
    CO_TRY(client, co_await context_.accounts.client(order_.account));
    client_ = client;
    acme::NewOrder wanted;
    for (const auto& identifier : order_.identifiers) {
        wanted.identifiers.push_back(identifier_of(identifier));
    }
    wanted.profile = order_.profile;
    if (!order_.tried.empty() && !wanted.profile.empty()) {
        CO_TRY(directory, co_await client_->directory());
        // A CA that steps in need not have the profiles of the first one.
        wanted.profile = directory.profiles.contains(wanted.profile) ? wanted.profile : std::string();
    }
    CO_TRY(replaces, co_await predecessor_ari_id());
    wanted.replaces = replaces;
    if (exempt_ && replaces.empty()) {
        CO_CHECKED(co_await drop_replaces(advice_->ari_id));
    }
    if (exempt_ && !Budget::is_exempt(budget_request(), context_.clock.now())) {
        co_return base::fail(reserve_again());
    }
    auto ordered = co_await client_->new_order(wanted);
    if (!ordered && !wanted.replaces.empty() && may_be_about_replaces(ordered.error(), order_.attempt)) {
        base::log::info("replaces_refused", {{"order", order_.id}, {"error", ordered.error().message()}});
        CO_CHECKED(co_await drop_replaces(replaces));
        if (exempt_) {
            co_return base::fail(reserve_again());
        }
        wanted.replaces.clear();
        ordered = co_await client_->new_order(wanted);
    }
    if (!ordered) {
        Failure failure = classify(ordered.error());
        // No order came of it that could be resumed. An answer that is missing altogether may have been
        // counted.
        failure.settlement = was_answered(ordered.error()) ? Settlement::refunded : Settlement::ordered;
        failure.then = Then::reorder;
        co_return base::fail(stop_with(std::move(failure)));
    }
    order_.order_url = ordered->url;
    order_.finalize_url = ordered->finalize;
    resource_ = std::move(*ordered);
    co_return co_await save(OrderStatus::ordered);
}

}  // namespace issuance
