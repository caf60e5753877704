#include "model/endpoint.h"

#include <algorithm>

namespace model {

namespace {

bool any_wildcard(const Endpoint& endpoint)
{
    return std::ranges::any_of(endpoint.names, [](const DomainName& name) { return name.wildcard(); });
}

// From the outside to our edge, on port 80 or 443.
bool http_can_reach(const Endpoint& endpoint)
{
    return endpoint.kind == EndpointKind::external && !endpoint.own_challenges &&
           !(endpoint.filtered() && endpoint.filter_at == FilterAt::network);
}

}  // namespace

std::vector<ChallengeType> usable_challenges(const Endpoint& endpoint, bool delegated)
{
    std::vector<ChallengeType> usable;
    if (http_can_reach(endpoint) && !any_wildcard(endpoint)) {
        usable.push_back(ChallengeType::http_01);
    }
    if (delegated) {
        usable.push_back(ChallengeType::dns_01);
    }
    // The rows of HTTP-01, for where port 80 is closed. Proxies of others end TLS with certificates they
    // have.
    if (http_can_reach(endpoint) && !any_wildcard(endpoint) && !endpoint.behind_proxies) {
        usable.push_back(ChallengeType::tls_alpn_01);
    }
    return usable;
}

bool has_apex(const Endpoint& endpoint)
{
    return std::ranges::any_of(endpoint.names, &DomainName::is_apex);
}

bool needs_delegation(const Endpoint& endpoint)
{
    return usable_challenges(endpoint, false).empty();
}

}  // namespace model
