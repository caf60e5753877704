// Removing and restoring, suspending and resuming, and giving to another tenant.
#include "endpoints/lookup.h"
#include "endpoints/service.h"

#include <fmt/format.h>

namespace endpoints {

namespace {

using model::CertificateState;
using model::EndpointState;

constexpr std::size_t release_batch = 500;

model::EndpointStatus removed_status(base::Time now, std::chrono::hours hold)
{
    model::EndpointStatus status;
    status.state = EndpointState::deleting;
    status.since = now;
    status.reason.code = "removed";
    status.reason.message =
        fmt::format("Removed; the names are held until {}.", base::to_rfc3339(now + hold));
    status.reason.fix = "To take it back until then: certwright endpoint restore NAME";
    status.next_attempt_at = now + hold;
    return status;
}

base::Result<> change_state(store::Transaction& tx, model::Certificate certificate, CertificateState state)
{
    certificate.state = state;
    certificate.renew_at.reset();
    if (state == CertificateState::live && certificate.source == model::CertificateSource::managed) {
        certificate.renew_at = model::renewal_time(certificate.not_before, certificate.not_after);
    }
    CHECKED(tx.certificates.update(certificate));
    tx.revisions.append(model::RevisionKind::certificate, certificate.id, certificate.edge_group);
    return {};
}

// RFC 5280 5.3.1: cessationOfOperation.
constexpr int given_up = 5;

base::Result<> retire_certificates(store::Transaction& tx, Issuance* revoking,
                                   const model::Endpoint& endpoint, base::Time now)
{
    TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
    for (auto& each : certificates) {
        const bool from_ca = each.source == model::CertificateSource::managed && !each.account.empty();
        if (revoking != nullptr && from_ca && each.not_after > now) {
            CHECKED(revoking->request_revocation(tx, each, given_up, now));
        } else {
            CHECKED(change_state(tx, std::move(each), CertificateState::deleted));
        }
    }
    return {};
}

// The names are free for anybody from now on, and nobody needs the keys.
base::Result<> forget(store::Transaction& tx, model::Endpoint endpoint, base::Time now)
{
    TRY(certificates, tx.certificates.retired_of(endpoint.id));
    for (auto& each : certificates) {
        each.sealed_key.clear();
        CHECKED(tx.certificates.update(each));
    }
    endpoint.deleted_at = now;
    return tx.endpoints.update(endpoint);
}

base::Error not_the_operator(std::string fix)
{
    return base::Error(base::Errc::unauthorized, "only the operator may do this")
        .with_code("operator_required")
        .with_fix(std::move(fix));
}

// Keys are sealed to row and tenant.
base::Result<> hand_over(store::Transaction& tx, const crypto::Sealer& sealer, model::Certificate certificate,
                         const std::string& tenant)
{
    if (!certificate.sealed_key.empty()) {
        TRY(key, sealer.open(certificate.sealed_key, model::certificate_context(certificate)));
        certificate.tenant = tenant;
        certificate.sealed_key = sealer.seal(key, model::certificate_context(certificate));
    }
    certificate.tenant = tenant;
    return tx.certificates.update(certificate);
}

base::Result<> check_free(store::Transaction& tx, const model::Endpoint& endpoint, const std::string& tenant)
{
    for (const auto& name : endpoint.names) {
        const auto own = tx.endpoints.find_by_name(name, tenant);
        if (own) {
            return base::fail(
                base::Error(base::Errc::conflict,
                            fmt::format("the tenant '{}' has an endpoint with the name '{}' itself", tenant,
                                        name.display()))
                    .with_code("name_in_use")
                    .with_fix("Remove it first: certwright endpoint remove " + own->id));
        }
        if (own.error().kind() != base::Errc::not_found) {
            return base::fail(own.error());
        }
    }
    return {};
}

}  // namespace

base::Result<Detail> Service::stored_detail(store::Transaction& tx, const Caller& caller,
                                            const model::Endpoint& endpoint, base::Time now) const
{
    CHECKED(tx.endpoints.update(endpoint));
    CHECKED(checks_.refresh_status(tx, endpoint.id, now));
    CHECKED(publish(tx, endpoint));
    return read_detail(tx, caller, endpoint.id);
}

base::Task<model::Endpoint> Service::remove(Caller caller, std::string reference, bool revoke)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, revoke,
                 now](store::Transaction& tx) -> base::Result<model::Endpoint> {
        TRY(endpoint, find_endpoint(tx, caller, reference));
        if (endpoint.status.state == EndpointState::deleting) {
            return endpoint;
        }
        endpoint.status = removed_status(now, options_.hold);
        endpoint.next_check_at.reset();
        CHECKED(tx.endpoints.update(endpoint));
        CHECKED(retire_certificates(tx, revoke ? &issuance_ : nullptr, endpoint, now));
        // An order that is under way ends, and takes back what it published.
        TRY(hastened, issuance_.hasten(tx, endpoint, now));
        static_cast<void>(hastened);
        CHECKED(publish(tx, endpoint));
        CHECKED(tx.events.append(endpoint_event(
            endpoint, "endpoint.deleted", fmt::format("{} was removed.", endpoint.name().display()), now)));
        return endpoint;
    };
    auto removed = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return removed;
}

base::Task<Detail> Service::restore(Caller caller, std::string reference)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, now](store::Transaction& tx) -> base::Result<Detail> {
        TRY(endpoint, find_endpoint(tx, caller, reference));
        if (endpoint.status.state != EndpointState::deleting) {
            return read_detail(tx, caller, endpoint.id);
        }
        TRY(certificates, tx.certificates.retired_of(endpoint.id));
        for (auto& each : certificates) {
            if (each.not_after > now) {
                CHECKED(change_state(tx, std::move(each), CertificateState::live));
            }
        }
        endpoint.status = model::EndpointStatus();
        endpoint.status.since = now;
        endpoint.next_check_at = now;
        endpoint.checks = 0;
        CHECKED(tx.events.append(endpoint_event(
            endpoint, "endpoint.restored", fmt::format("{} was restored.", endpoint.name().display()), now)));
        return stored_detail(tx, caller, endpoint, now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Task<Detail> Service::suspend(Caller caller, std::string reference, std::string why)
{
    if (!caller.is_operator()) {
        co_return base::fail(not_the_operator("Ask the operator."));
    }
    const auto now = clock_.now();
    auto work = [this, caller, reference, why, now](store::Transaction& tx) -> base::Result<Detail> {
        TRY(endpoint, find_working(tx, caller, reference));
        if (endpoint.status.state == EndpointState::suspended) {
            return read_detail(tx, caller, endpoint.id);
        }
        auto& status = endpoint.status;
        status.state = EndpointState::suspended;
        status.since = now;
        status.reason.code = "suspended";
        status.reason.message = fmt::format("{} is suspended by the operator{}{}", endpoint.name().display(),
                                            why.empty() ? "." : ": ", why);
        status.reason.actor = model::Actor::platform;
        status.reason.fix =
            "The operator ends that with: certwright endpoint resume " + endpoint.name().text();
        status.serving = false;
        status.retrying = false;
        status.next_attempt_at.reset();
        endpoint.next_check_at.reset();
        TRY(hastened, issuance_.hasten(tx, endpoint, now));
        static_cast<void>(hastened);
        CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.suspended", status.reason.message, now)));
        return stored_detail(tx, caller, endpoint, now);
    };
    auto detail = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return detail;
}

base::Task<Detail> Service::resume(Caller caller, std::string reference)
{
    if (!caller.is_operator()) {
        co_return base::fail(not_the_operator("Ask the operator."));
    }
    const auto now = clock_.now();
    auto work = [this, caller, reference, now](store::Transaction& tx) -> base::Result<Detail> {
        TRY(endpoint, find_working(tx, caller, reference));
        if (endpoint.status.state != EndpointState::suspended) {
            return read_detail(tx, caller, endpoint.id);
        }
        auto conditions = std::move(endpoint.status.conditions);
        endpoint.status = model::EndpointStatus();
        endpoint.status.conditions = std::move(conditions);
        endpoint.status.since = now;
        endpoint.next_check_at = now;
        endpoint.checks = 0;
        CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.resumed",
                                                fmt::format("{} is served again.", endpoint.name().display()),
                                                now)));
        return stored_detail(tx, caller, endpoint, now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Task<Detail> Service::transfer(Caller caller, std::string reference, std::string tenant)
{
    if (!caller.is_operator()) {
        co_return base::fail(
            not_the_operator(fmt::format("The new owner adds it with its own token: certwright endpoint add "
                                         "{} --to URL. It is shown a TXT record; "
                                         "with that in DNS the name moves to it, without an interruption.",
                                         reference)));
    }
    const auto now = clock_.now();
    auto work = [this, caller, reference, tenant, now](store::Transaction& tx) -> base::Result<Detail> {
        TRY(known, find_tenant(tx, tenant));
        TRY(endpoint, find_working(tx, caller, reference));
        if (endpoint.tenant == tenant) {
            return read_detail(tx, caller, endpoint.id);
        }
        CHECKED(check_free(tx, endpoint, tenant));
        TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
        for (auto& each : certificates) {
            CHECKED(hand_over(tx, sealer_, std::move(each), tenant));
        }
        const auto told = fmt::format("{} was given from the tenant {} to the tenant {}.",
                                      endpoint.name().display(), endpoint.tenant, tenant);
        CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.transferred", told, now)));
        endpoint.tenant = tenant;
        CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.transferred", told, now)));
        return stored_detail(tx, caller, endpoint, now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Task<std::size_t> Service::release_held()
{
    const auto now = clock_.now();
    auto work = [now](store::Transaction& tx) -> base::Result<std::size_t> {
        store::EndpointFilter filter;
        filter.state = EndpointState::deleting;
        filter.limit = release_batch;
        std::size_t released = 0;
        do {
            TRY(page, tx.endpoints.list(filter));
            for (auto& each : page.items) {
                if (!each.status.next_attempt_at || *each.status.next_attempt_at <= now) {
                    CHECKED(forget(tx, std::move(each), now));
                    ++released;
                }
            }
            filter.after = page.next;
        } while (!filter.after.empty() && released < release_batch);
        return released;
    };
    co_return co_await store_.write(std::move(work));
}

}  // namespace endpoints
