#include "endpoints/service.h"

#include "base/random.h"
#include "endpoints/group_rules.h"
#include "endpoints/lookup.h"

#include <fmt/format.h>

namespace endpoints {

namespace {

constexpr std::size_t release_batch = 500;

model::Problem not_checked_yet(const model::Endpoint& endpoint)
{
    model::Problem problem;
    problem.code = "dns_not_checked";
    problem.message = fmt::format("The DNS of {} has not been looked at yet.", endpoint.name().display());
    problem.actor = model::Actor::customer;
    problem.fix = "Create the records listed here; certwright looks for them by itself.";
    return problem;
}

model::EndpointStatus removed_status(base::Time now, std::chrono::hours hold)
{
    model::EndpointStatus status;
    status.state = model::EndpointState::deleting;
    status.since = now;
    status.reason.code = "removed";
    status.reason.message =
        fmt::format("Removed; the names are held until {}.", base::to_rfc3339(now + hold));
    status.next_attempt_at = now + hold;
    return status;
}

base::Result<> retire_certificates(store::Transaction& tx, const model::Endpoint& endpoint)
{
    TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
    for (auto& each : certificates) {
        each.state = model::CertificateState::deleted;
        each.renew_at.reset();
        CHECKED(tx.certificates.update(each));
        tx.revisions.append(model::RevisionKind::certificate, each.id, each.edge_group);
    }
    return {};
}

}  // namespace

Service::Service(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer, Checks& checks,
                 Issuance& issuance, Options options)
    : store_(store),
      clock_(clock),
      sealer_(sealer),
      checks_(checks),
      issuance_(issuance),
      options_(std::move(options))
{
}

base::Result<> Service::publish(store::Transaction& tx, const model::Endpoint& endpoint) const
{
    tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
    tx.revisions.append(model::RevisionKind::alias, endpoint.label + "." + options_.platform.domain.text());
    return {};
}

base::Task<Outcome> Service::create(Caller caller, NewEndpoint wanted)
{
    const auto now = clock_.now();
    CO_TRY(drafted, draft(caller, wanted));
    drafted.id = base::new_id("ep");
    drafted.label = base::random_label(13);
    drafted.created_at = now;
    drafted.next_check_at = now;
    drafted.required_records = model::required_records(drafted, options_.platform);
    drafted.status.since = now;
    drafted.status.reason = not_checked_yet(drafted);
    drafted.status.retrying = true;
    drafted.status.next_attempt_at = now;
    auto work = [this, caller, drafted, now](store::Transaction& tx) {
        return create_in(tx, caller, drafted, now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Result<Outcome> Service::create_in(store::Transaction& tx, const Caller& caller,
                                         const model::Endpoint& wanted, base::Time now) const
{
    if (auto tenant = tx.tenants.get(wanted.tenant); !tenant) {
        return std::unexpected(std::move(tenant).error().with_code("tenant_not_found"));
    }
    TRY(existing, claim_names(tx, wanted, now));
    if (existing) {
        auto after = *existing;
        after.kind = wanted.kind;
        after.ip_filter = wanted.ip_filter;
        after.filter_at = wanted.filter_at;
        after.upstream = wanted.upstream;
        after.key_types = wanted.key_types;
        after.ca_policy = wanted.ca_policy;
        after.profile = wanted.profile;
        CHECKED(check_ca_policy(tx, after));
        CHECKED(check_same_group(*existing, wanted));
        after.own_challenges = wanted.own_challenges;
        CHECKED(check_group(tx, after));
        CHECKED(check_own_challenges(caller, *existing, after));
        CHECKED(check_settings(caller, after, after.upstream != existing->upstream));
        return apply(tx, *existing, std::move(after), now);
    }
    auto endpoint = wanted;
    CHECKED(check_ca_policy(tx, endpoint));
    CHECKED(check_settings(caller, endpoint, true));
    CHECKED(choose_group(caller, endpoint));
    CHECKED(check_own_challenges(caller, model::Endpoint(), endpoint));
    CHECKED(check_group(tx, endpoint));
    CHECKED(check_quota(tx, endpoint.tenant));
    CHECKED(tx.endpoints.insert(endpoint));
    CHECKED(publish(tx, endpoint));
    CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.created",
                                            fmt::format("{} was added.", endpoint.name().display()), now)));
    Outcome outcome;
    outcome.created = true;
    outcome.warnings = delegation_warnings(endpoint);
    outcome.endpoint = std::move(endpoint);
    return outcome;
}

base::Task<Outcome> Service::update(Caller caller, std::string reference, EndpointChange change)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, change, now](store::Transaction& tx) -> base::Result<Outcome> {
        TRY(before, find_working(tx, caller, reference));
        auto after = before;
        after.kind = change.kind.value_or(before.kind);
        after.ip_filter = change.ip_filter.value_or(before.ip_filter);
        after.filter_at = change.filter_at.value_or(before.filter_at);
        after.upstream = change.upstream.value_or(before.upstream);
        after.key_types = change.key_types.value_or(before.key_types);
        after.ca_policy = change.ca_policy.value_or(before.ca_policy);
        after.profile = change.profile.value_or(before.profile);
        if (change.ca_policy || change.profile || change.key_types) {
            CHECKED(check_ca_policy(tx, after));
        }
        after.own_challenges = change.own_challenges.value_or(before.own_challenges);
        CHECKED(check_own_challenges(caller, before, after));
        CHECKED(check_group(tx, after));
        // An upstream that the operator granted earlier stays, whoever changes something else.
        CHECKED(check_settings(caller, after, after.upstream != before.upstream));
        return apply(tx, before, std::move(after), now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Result<Outcome> Service::apply(store::Transaction& tx, model::Endpoint before, model::Endpoint after,
                                     base::Time now) const
{
    Outcome outcome;
    const bool same = before.kind == after.kind && before.ip_filter == after.ip_filter &&
                      before.filter_at == after.filter_at && before.upstream == after.upstream &&
                      before.key_types == after.key_types && before.ca_policy == after.ca_policy &&
                      before.profile == after.profile && before.own_challenges == after.own_challenges;
    if (same) {
        outcome.endpoint = std::move(before);
        outcome.warnings = delegation_warnings(outcome.endpoint);
        return outcome;
    }
    for (auto& record : after.required_records) {
        if (record.purpose == model::RecordPurpose::routing) {
            record.required = after.kind == model::EndpointKind::external;
        }
    }
    after.next_check_at = now;
    after.checks = 0;
    CHECKED(tx.endpoints.update(after));
    CHECKED(checks_.refresh_status(tx, after.id, now));
    CHECKED(publish(tx, after));
    CHECKED(tx.events.append(endpoint_event(after, "endpoint.updated",
                                            fmt::format("{} was changed.", after.name().display()), now)));
    TRY(stored, tx.endpoints.get(after.id));
    outcome.changed = true;
    outcome.warnings = delegation_warnings(stored);
    outcome.endpoint = std::move(stored);
    return outcome;
}

base::Task<Detail> Service::get(Caller caller, std::string reference)
{
    auto work = [caller, reference](store::Transaction& tx) { return read_detail(tx, caller, reference); };
    co_return co_await store_.read(std::move(work));
}

base::Task<store::Page<model::Endpoint>> Service::list(Caller caller, Listing listing)
{
    store::EndpointFilter filter;
    filter.tenant = caller.is_operator() ? listing.tenant : caller.tenant;
    filter.state = listing.state;
    filter.text = listing.text;
    filter.after = listing.after;
    filter.limit = listing.limit;
    auto work = [filter](store::Transaction& tx) { return tx.endpoints.list(filter); };
    co_return co_await store_.read(std::move(work));
}

base::Task<model::Endpoint> Service::remove(Caller caller, std::string reference)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, now](store::Transaction& tx) -> base::Result<model::Endpoint> {
        TRY(endpoint, find_endpoint(tx, caller, reference));
        if (endpoint.status.state == model::EndpointState::deleting) {
            return endpoint;
        }
        endpoint.status = removed_status(now, options_.hold);
        endpoint.next_check_at.reset();
        CHECKED(tx.endpoints.update(endpoint));
        CHECKED(retire_certificates(tx, endpoint));
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

base::Task<std::size_t> Service::release_held()
{
    const auto now = clock_.now();
    auto work = [now](store::Transaction& tx) -> base::Result<std::size_t> {
        store::EndpointFilter filter;
        filter.state = model::EndpointState::deleting;
        filter.limit = release_batch;
        TRY(page, tx.endpoints.list(filter));
        std::size_t released = 0;
        for (auto& each : page.items) {
            if (each.status.next_attempt_at && *each.status.next_attempt_at > now) {
                continue;
            }
            each.deleted_at = now;
            CHECKED(tx.endpoints.update(each));
            ++released;
        }
        return released;
    };
    co_return co_await store_.write(std::move(work));
}

}  // namespace endpoints
