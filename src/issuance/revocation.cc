#include "issuance/revocation.h"

#include "base/log.h"
#include "crypto/certificate.h"
#include "diagnosis/status.h"
#include "issuance/backoff.h"
#include "issuance/ca_problem.h"
#include "issuance/enqueue.h"

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

namespace issuance {

namespace {

namespace asio = boost::asio;

constexpr std::size_t jobs_at_once = 16;
// Longer than a call to the CA lasts: meanwhile other nodes leave the row alone.
constexpr std::chrono::minutes claimed_for{5};

base::Result<> check_revocable(const model::Certificate& certificate, base::Time now)
{
    if (certificate.account.empty()) {
        return base::fail(
            base::Error(base::Errc::conflict,
                        fmt::format("the certificate {} was brought by people; its CA does not know us",
                                    certificate.id))
                .with_code("certificate_not_ours")
                .with_fix("Revoke it where you got it, and stop serving it: certwright certificate remove " +
                          certificate.id));
    }
    if (certificate.not_after <= now) {
        return base::fail(base::Error(base::Errc::conflict,
                                      fmt::format("the certificate {} has expired already", certificate.id))
                              .with_code("certificate_expired")
                              .with_fix("Nothing has to be done."));
    }
    return {};
}

base::Result<> append_event(store::Transaction& tx, const model::Certificate& certificate, std::string type,
                            std::string message, base::Time now)
{
    model::Event event;
    event.tenant = certificate.tenant;
    event.subject = certificate.endpoint.empty() ? "platform" : certificate.endpoint;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["certificate"] = certificate.id;
    event.data["serial"] = certificate.serial;
    event.created_at = now;
    return tx.events.append(event);
}

// Groups that have it as their default take the next best platform certificate, or none.
base::Result<> leave_groups(store::Transaction& tx, const model::Certificate& certificate, base::Time now)
{
    TRY(groups, tx.groups.list());
    TRY(live, tx.certificates.of_endpoint(""));
    for (auto& group : groups) {
        if (group.default_certificate != certificate.id) {
            continue;
        }
        group.default_certificate.clear();
        for (const auto& each : live) {
            if (each.source == model::CertificateSource::platform && each.not_after > now) {
                group.default_certificate = each.id;
                break;
            }
        }
        CHECKED(tx.groups.put(group));
        tx.revisions.append(model::RevisionKind::group, group.name);
    }
    return {};
}

base::Result<> stop_serving(store::Transaction& tx, const model::Certificate& certificate, base::Time now)
{
    tx.revisions.append(model::RevisionKind::certificate, certificate.id, certificate.edge_group);
    if (certificate.source == model::CertificateSource::platform) {
        return leave_groups(tx, certificate, now);
    }
    if (!tx.endpoints.get(certificate.endpoint)) {
        return {};
    }
    tx.revisions.append(model::RevisionKind::route, certificate.endpoint, certificate.edge_group);
    return diagnosis::refresh_status(tx, certificate.endpoint, now);
}

std::string name_of(const model::Certificate& certificate)
{
    return certificate.identifiers.empty() ? certificate.id : certificate.identifiers.front();
}

}  // namespace

base::Result<> request_revocation(store::Transaction& tx, const model::Certificate& certificate, int reason,
                                  base::Time now)
{
    TRY(stored, tx.certificates.get(certificate.id));
    if (stored.state == model::CertificateState::revoked) {
        return {};
    }
    CHECKED(check_revocable(stored, now));
    model::Revocation revocation;
    revocation.certificate = stored.id;
    revocation.endpoint = stored.endpoint;
    revocation.reason = reason;
    revocation.replace = stored.state != model::CertificateState::live;
    revocation.requested_at = now;
    revocation.next_action_at = now;
    CHECKED(tx.revocations.put(revocation));
    stored.state = model::CertificateState::revoked;
    stored.renew_at.reset();
    CHECKED(tx.certificates.update(stored));
    CHECKED(append_event(
        tx, stored, "certificate.revocation.requested",
        fmt::format("A certificate of {} is being revoked and is no longer served.", name_of(stored)), now));
    return stop_serving(tx, stored, now);
}

base::Result<std::optional<model::Order>> replace_revoked(store::Transaction& tx,
                                                          const model::Certificate& certificate,
                                                          base::Time now)
{
    TRY(revocation, tx.revocations.of_certificate(certificate.id));
    if (revocation) {
        revocation->replace = true;
        CHECKED(tx.revocations.put(*revocation));
    }
    TRY(order, enqueue_renewal(tx, certificate, now));
    if (order && (order->status == model::OrderStatus::queued || order->attempt > 0)) {
        order->queue_class = model::QueueClass::urgent;
        order->next_action_at = std::min(order->next_action_at, now);
        CHECKED(tx.orders.save(*order));
    }
    return std::move(order);
}

Revoker::Revoker(asio::any_io_executor executor, store::Store& store, base::Clock& clock, Accounts& accounts,
                 RevokerOptions options)
    : store_(store), clock_(clock), accounts_(accounts), options_(options), sleeper_(executor)
{
}

void Revoker::wake()
{
    woken_ = true;
    sleeper_.cancel();
}

asio::awaitable<void> Revoker::run()
{
    for (;;) {
        woken_ = false;
        auto done = co_await work();
        if (!done) {
            base::log::warning("revocations_not_done", {{"error", done.error().message()}});
        }
        if (woken_) {
            continue;
        }
        sleeper_.expires_after(options_.poll);
        boost::system::error_code woken;
        co_await sleeper_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

base::Task<std::size_t> Revoker::work()
{
    const auto now = clock_.now();
    auto look = [now](store::Transaction& tx) { return tx.revocations.due(now, 1); };
    CO_TRY(any, co_await store_.read(std::move(look)));
    if (any.empty()) {
        co_return std::size_t(0);
    }
    auto take = [now](store::Transaction& tx) -> base::Result<std::vector<model::Revocation>> {
        TRY(due, tx.revocations.due(now, jobs_at_once));
        for (auto& each : due) {
            each.next_action_at = now + claimed_for;
            CHECKED(tx.revocations.put(each));
        }
        return std::move(due);
    };
    CO_TRY(taken, co_await store_.write(std::move(take)));
    std::size_t confirmed = 0;
    for (const auto& each : taken) {
        CO_TRY(done, co_await attempt(each));
        confirmed += done ? 1 : 0;
    }
    co_return confirmed;
}

base::Task<> Revoker::tell_ca(model::Certificate certificate, int reason)
{
    CO_TRY(chain, crypto::parse_chain(certificate.chain_pem));
    CO_TRY(client, co_await accounts_.client(certificate.account));
    co_return co_await client->revoke(chain.der.front(), reason);
}

// True when the CA has confirmed it.
base::Task<bool> Revoker::attempt(model::Revocation revocation)
{
    auto read = [id = revocation.certificate](store::Transaction& tx) { return tx.certificates.get(id); };
    CO_TRY(certificate, co_await store_.read(std::move(read)));
    auto told = co_await tell_ca(certificate, revocation.reason);
    const auto now = clock_.now();
    const bool expired = certificate.not_after <= now;
    std::string type = "certificate.revoked";
    std::string message = fmt::format("The CA has revoked a certificate of {}.", name_of(certificate));
    if (told) {
        revocation.revoked_at = now;
        revocation.problem = {};
        revocation.next_action_at.reset();
    } else {
        ++revocation.attempt;
        revocation.problem = problem_of(told.error(), name_of(certificate), now);
        const auto least =
            std::chrono::milliseconds(told.error().retry_after().value_or(std::chrono::seconds(0)));
        revocation.next_action_at = now + std::max(backoff(revocation.attempt, options_.first_retry), least);
        if (expired) {
            revocation.next_action_at.reset();
        }
        type = "certificate.revocation.failed";
        message = fmt::format("The CA has not revoked a certificate of {} yet: {}", name_of(certificate),
                              revocation.problem.message);
    }
    auto save = [revocation, certificate, type, message, now](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.revocations.put(revocation));
        return append_event(tx, certificate, type, message, now);
    };
    CO_CHECKED(co_await store_.write(std::move(save)));
    base::log::info("revocation_attempted", {{"certificate", certificate.id},
                                             {"confirmed", told.has_value()},
                                             {"problem", revocation.problem.message}});
    co_return told.has_value();
}

}  // namespace issuance
