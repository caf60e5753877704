// What an endpoint may be, and who may have its names.
#include "endpoints/lookup.h"
#include "endpoints/name_rules.h"
#include "endpoints/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace endpoints {

namespace {

constexpr std::size_t most_blocks = 500;

base::Error in_use(const model::DomainName& name)
{
    return base::Error(base::Errc::conflict, fmt::format("'{}' is already in use here", name.display()))
        .with_code("name_in_use")
        .with_fix("Remove it where it is used, or ask the operator if the name is yours.");
}

bool same_names(const model::Endpoint& a, const model::Endpoint& b)
{
    return std::set(a.names.begin(), a.names.end()) == std::set(b.names.begin(), b.names.end());
}

// "*.shop.example.com" of another tenant, once proved, also answers for "a.shop.example.com": a routing
// record that the wildcard brings along proves nothing about who asks for the name below it.
base::Result<> check_wildcard_above(store::Transaction& tx, const model::DomainName& name,
                                    const std::string& tenant)
{
    const auto dot = name.text().find('.');
    if (name.wildcard() || dot == std::string::npos) {
        return {};
    }
    TRY(above, model::DomainName::parse("*" + name.text().substr(dot)));
    const auto holder = tx.endpoints.find_by_name(above);
    if (holder && holder->tenant != tenant && holder->status.serving) {
        return base::fail(in_use(name));
    }
    return {};
}

}  // namespace

base::Result<model::Endpoint> Service::draft(const Caller& caller, const NewEndpoint& wanted) const
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
    endpoint.upstream = wanted.upstream;
    // The form of the URL; who may name which address depends on what is stored already.
    TRY(upstream, options_.upstreams.check(wanted.upstream, true));
    endpoint.upstream = std::move(upstream);
    return endpoint;
}

base::Result<> Service::check_settings(const Caller& caller, model::Endpoint& endpoint,
                                       bool check_upstream) const
{
    if (check_upstream) {
        TRY(upstream, options_.upstreams.check(endpoint.upstream, caller.is_operator()));
        endpoint.upstream = std::move(upstream);
        const auto host = upstream_host(endpoint.upstream);
        if (std::ranges::any_of(endpoint.names,
                                [&](const model::DomainName& name) { return name.covers(host); })) {
            return base::fail(base::Error(base::Errc::invalid,
                                          fmt::format("the upstream '{}' is the endpoint itself", host))
                                  .with_code("upstream_invalid")
                                  .with_fix("Name the server behind it, by another name or by its address."));
        }
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

base::Result<> Service::check_quota(store::Transaction& tx, const std::string& tenant) const
{
    if (options_.endpoints_per_tenant == 0) {
        return {};
    }
    TRY(count, tx.endpoints.count(tenant));
    if (count >= options_.endpoints_per_tenant) {
        return base::fail(
            base::Error(base::Errc::unauthorized,
                        fmt::format("the quota of {} endpoints is used up", options_.endpoints_per_tenant))
                .with_code("quota_exceeded")
                .with_fix("Remove endpoints that are not needed, or ask the operator for more."));
    }
    return {};
}

// Returns the endpoint that has exactly these names, if the tenant has one. Names that the tenant removed a
// moment ago are released from their hold; their targets are never used again.
base::Result<std::optional<model::Endpoint>> Service::claim_names(store::Transaction& tx,
                                                                  const model::Endpoint& wanted,
                                                                  base::Time now) const
{
    std::optional<model::Endpoint> existing;
    for (const auto& name : wanted.names) {
        CHECKED(check_wildcard_above(tx, name, wanted.tenant));
        auto holder = tx.endpoints.find_by_name(name);
        if (!holder) {
            if (holder.error().kind() != base::Errc::not_found) {
                return std::unexpected(std::move(holder).error());
            }
            continue;
        }
        if (holder->tenant != wanted.tenant) {
            return base::fail(in_use(name));
        }
        if (holder->status.state == model::EndpointState::deleting) {
            holder->deleted_at = now;
            CHECKED(tx.endpoints.update(*holder));
            continue;
        }
        if (!same_names(*holder, wanted)) {
            return base::fail(
                base::Error(base::Errc::conflict,
                            fmt::format("'{}' belongs to {}, which has other names beside it", name.display(),
                                        holder->id))
                    .with_code("names_immutable")
                    .with_fix(
                        "Remove that endpoint first, or add the further names as an endpoint of their own."));
        }
        existing = std::move(*holder);
    }
    return existing;
}

}  // namespace endpoints
