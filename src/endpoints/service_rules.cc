// What an endpoint may be, and who may have its names.
#include "base/random.h"
#include "endpoints/lookup.h"
#include "endpoints/name_rules.h"
#include "endpoints/redirect_rules.h"
#include "endpoints/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace endpoints {

namespace {

constexpr std::size_t most_blocks = 500;

bool same_names(const model::Endpoint& a, const model::Endpoint& b)
{
    return std::set(a.names.begin(), a.names.end()) == std::set(b.names.begin(), b.names.end());
}

model::Problem not_checked_yet(const model::Endpoint& endpoint)
{
    model::Problem problem;
    problem.code = "dns_not_checked";
    problem.message = fmt::format("The DNS of {} has not been looked at yet.", endpoint.name().display());
    problem.actor = model::Actor::customer;
    problem.fix = "Create the records listed here; certwright looks for them by itself.";
    return problem;
}

model::Condition owned(base::Time now)
{
    model::Condition condition;
    condition.type = "Ownership";
    condition.status = model::ConditionStatus::yes;
    condition.observed_at = now;
    return condition;
}

// Another account has the name: what moves it here.
model::Problem held_elsewhere(const model::DomainName& name, const model::RequiredRecord& proof)
{
    model::Problem problem;
    problem.code = "name_in_use";
    problem.message = fmt::format("{} is used by another account here.", name.display());
    problem.actor = model::Actor::customer;
    problem.fix = fmt::format("If the name is yours, create {} TXT {}: then it moves to this account",
                              proof.host, proof.value);
    return problem;
}

}  // namespace

base::Result<model::Endpoint> Service::draft(const Caller& caller, const NewEndpoint& wanted,
                                             base::Time now) const
{
    model::Endpoint endpoint;
    endpoint.tenant = caller.is_operator() ? wanted.tenant : caller.tenant;
    if (endpoint.tenant.empty()) {
        endpoint.tenant = model::own_tenant;
    }
    TRY(names, check_names(wanted.names, options_.platform));
    endpoint.names = std::move(names);
    endpoint.kind = wanted.kind;
    endpoint.ip_filter = wanted.ip_filter;
    endpoint.filter_at = wanted.filter_at;
    endpoint.key_types = wanted.key_types;
    endpoint.ca_policy = wanted.ca_policy;
    endpoint.profile = wanted.profile;
    endpoint.edge_group = wanted.edge_group;
    endpoint.own_challenges = wanted.own_challenges;
    endpoint.forwarding = wanted.forwarding;
    endpoint.hsts = wanted.hsts;
    endpoint.plain_http = wanted.plain_http;
    endpoint.upstream = wanted.upstream;
    endpoint.redirect = wanted.redirect;
    // The form of the URL; who may name which address, or none, depends on what is stored already.
    if (!wanted.upstream.empty()) {
        TRY(upstream, options_.upstreams.check(wanted.upstream, true));
        endpoint.upstream = std::move(upstream);
    }
    endpoint.vouched =
        std::ranges::find(options_.vouched_tenants, endpoint.tenant) != options_.vouched_tenants.end();
    endpoint.id = base::new_id("ep");
    endpoint.label = base::random_label(13);
    endpoint.created_at = now;
    endpoint.next_check_at = now;
    endpoint.status.since = now;
    endpoint.status.reason = not_checked_yet(endpoint);
    endpoint.status.retrying = true;
    endpoint.status.next_attempt_at = now;
    if (endpoint.vouched) {
        endpoint.status.conditions.push_back(owned(now));
    }
    return endpoint;
}

base::Result<> Service::check_upstream(const Caller& caller, model::Endpoint& endpoint) const
{
    if (!endpoint.redirect.none()) {
        return check_redirect(endpoint);
    }
    // Proxies of others have their own configuration of what is behind them.
    if (endpoint.upstream.empty() && endpoint.behind_proxies) {
        return {};
    }
    TRY(upstream, check_one_upstream(caller, endpoint, endpoint.upstream));
    endpoint.upstream = std::move(upstream);
    return {};
}

base::Result<std::string> Service::check_one_upstream(const Caller& caller, const model::Endpoint& endpoint,
                                                      const std::string& url) const
{
    TRY(upstream, options_.upstreams.check(url, caller.is_operator()));
    const auto host = upstream_host(upstream);
    if (std::ranges::any_of(endpoint.names,
                            [&](const model::DomainName& name) { return name.covers(host); })) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("the upstream '{}' is the endpoint itself", host))
                .with_code("upstream_invalid")
                .with_fix("Name the server behind it, by another name or by its address."));
    }
    return upstream;
}

base::Result<> Service::check_settings(const Caller& caller, model::Endpoint& endpoint,
                                       const model::Endpoint& before) const
{
    // An upstream that the operator granted earlier stays, whoever changes something else.
    if (endpoint.upstream != before.upstream || endpoint.redirect != before.redirect ||
        endpoint.own_challenges != before.own_challenges || before.id.empty()) {
        CHECKED(check_upstream(caller, endpoint));
    }
    if (endpoint.ip_filter.size() > most_blocks) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("an IP filter has at most {} blocks", most_blocks))
                .with_code("ip_filter_invalid"));
    }
    if (auto filter = net::AddressSet::parse(endpoint.ip_filter); !filter) {
        return base::fail(
            std::move(filter)
                .error()
                .with_code("ip_filter_invalid")
                .with_fix("Write addresses or blocks, such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32."));
    }
    if (endpoint.key_types.empty() ||
        std::set(endpoint.key_types.begin(), endpoint.key_types.end()).size() != endpoint.key_types.size()) {
        return base::fail(base::Error(base::Errc::invalid, "give each key type once, and at least one")
                              .with_code("key_types_invalid"));
    }
    return {};
}

base::Result<> Service::check_quota(store::Transaction& tx, const model::Endpoint& wanted) const
{
    if (options_.endpoints_per_tenant != 0) {
        TRY(count, tx.endpoints.count(wanted.tenant));
        if (count >= options_.endpoints_per_tenant) {
            return base::fail(
                base::Error(base::Errc::unauthorized, fmt::format("the quota of {} endpoints is used up",
                                                                  options_.endpoints_per_tenant))
                    .with_code("quota_exceeded")
                    .with_fix("Remove endpoints that are not needed, or ask the operator for more."));
        }
    }
    if (options_.names_per_domain == 0) {
        return {};
    }
    std::map<std::string, std::int64_t> wanted_under;
    for (const auto& name : wanted.names) {
        ++wanted_under[name.registrable()];
    }
    for (const auto& [domain, names] : wanted_under) {
        TRY(there, tx.names.count(wanted.tenant, domain));
        if (there + names > options_.names_per_domain) {
            return base::fail(
                base::Error(base::Errc::unauthorized,
                            fmt::format("there are {} names under {} already, and {} are allowed", there,
                                        domain, options_.names_per_domain))
                    .with_code("fanout_limited")
                    .with_fix(
                        fmt::format("Use a wildcard, such as *.{}, or ask the operator for more.", domain)));
        }
    }
    return {};
}

// Returns the endpoint that has exactly these names, if the tenant has one. Names that the tenant removed a
// moment ago are released from their hold; their targets are never used again.
base::Result<std::optional<model::Endpoint>> Service::own_claim(store::Transaction& tx,
                                                                const model::Endpoint& wanted,
                                                                base::Time now) const
{
    std::optional<model::Endpoint> existing;
    std::vector<model::Endpoint> removed;
    for (const auto& name : wanted.names) {
        auto own = tx.endpoints.find_by_name(name, wanted.tenant);
        if (!own) {
            if (own.error().kind() != base::Errc::not_found) {
                return std::unexpected(std::move(own).error());
            }
            continue;
        }
        if (own->status.state == model::EndpointState::deleting) {
            removed.push_back(std::move(*own));
            continue;
        }
        if (!same_names(*own, wanted)) {
            return base::fail(
                base::Error(base::Errc::conflict,
                            fmt::format("'{}' belongs to {}, which has other names beside it", name.display(),
                                        own->id))
                    .with_code("names_immutable")
                    .with_fix(
                        "Remove that endpoint first, or add the further names as an endpoint of their own."));
        }
        existing = std::move(*own);
    }
    for (auto& each : removed) {
        each.deleted_at = now;
        CHECKED(tx.endpoints.update(each));
    }
    return existing;
}

base::Result<> Service::add_records(store::Transaction& tx, model::Endpoint& endpoint,
                                    std::vector<model::Problem>& warnings) const
{
    std::vector<std::string> addresses;
    if (auto group = tx.groups.get(endpoint.edge_group)) {
        addresses = std::move(group->addresses);
    }
    endpoint.required_records = model::required_records(endpoint, options_.platform, addresses);
    if (endpoint.vouched) {
        return {};
    }
    for (const auto& name : endpoint.names) {
        TRY(holder, tx.names.holder(name));
        const auto proof = std::ranges::find(endpoint.required_records, model::ownership_owner(name),
                                             &model::RequiredRecord::name);
        if (holder && proof != endpoint.required_records.end()) {
            proof->required = true;
            warnings.push_back(held_elsewhere(name, *proof));
        }
    }
    return {};
}

}  // namespace endpoints
