#include "endpoints/group_rules.h"

#include "endpoints/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

base::Result<> check_same_group(const model::Endpoint& existing, const model::Endpoint& wanted)
{
    if (wanted.edge_group.empty() || existing.edge_group == wanted.edge_group) {
        return {};
    }
    return base::fail(
        base::Error(base::Errc::conflict, fmt::format("{} is served by the group '{}', which never changes",
                                                      existing.name().display(), existing.edge_group))
            .with_code("group_immutable")
            .with_fix("Name that group, or remove the endpoint first."));
}

base::Result<> choose_group(const Caller& caller, model::Endpoint& endpoint)
{
    if (endpoint.edge_group.empty()) {
        endpoint.edge_group = model::own_group;
    }
    if (endpoint.edge_group != model::own_group && !caller.is_operator()) {
        return base::fail(base::Error(base::Errc::unauthorized, "only the operator chooses an edge group")
                              .with_code("group_forbidden")
                              .with_fix("Leave the group out, or ask the operator to add the endpoint."));
    }
    return {};
}

base::Result<> Service::check_group(store::Transaction& tx, model::Endpoint& endpoint) const
{
    if (endpoint.edge_group == model::own_group) {
        return {};
    }
    auto group = tx.groups.get(endpoint.edge_group);
    if (!group && group.error().kind() == base::Errc::not_found) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("there is no edge group '{}'", endpoint.edge_group))
                .with_code("group_not_found")
                .with_fix("Add it with `certwright group add`, or see `certwright group list`."));
    }
    CHECKED(group);
    endpoint.own_challenges = endpoint.own_challenges || group->own_challenges;
    endpoint.behind_proxies = group->proxies;
    return {};
}

// What was granted earlier stays, whoever changes something else.
base::Result<> Service::check_own_challenges(const Caller& caller, const model::Endpoint& before,
                                             const model::Endpoint& after) const
{
    const auto& allowed = options_.own_challenges_for;
    const bool may = caller.is_operator() || before.own_challenges ||
                     std::ranges::find(allowed, after.tenant) != allowed.end() ||
                     std::ranges::find(allowed, "*") != allowed.end();
    if (!after.own_challenges || may) {
        return {};
    }
    return base::fail(
        base::Error(base::Errc::unauthorized,
                    fmt::format("the tenant '{}' may not keep the challenge path of "
                                "its endpoints to its apps",
                                after.tenant))
            .with_code("own_challenges_forbidden")
            .with_fix("Ask the operator to add the tenant to tenants.own_challenges, or leave it out."));
}

}  // namespace endpoints
