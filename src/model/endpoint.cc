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

RequiredRecord record(RecordPurpose purpose, const DomainName& name, std::string prefix, std::string value)
{
    RequiredRecord made;
    made.purpose = purpose;
    made.type = "CNAME";
    made.name = prefix + std::string(name.base());
    const auto base_name = DomainName::parse(made.name);
    made.host = base_name ? base_name->host() : made.name;
    made.value = std::move(value);
    return made;
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
    // The rows of HTTP-01, for where port 80 is closed.
    if (http_can_reach(endpoint) && !any_wildcard(endpoint)) {
        usable.push_back(ChallengeType::tls_alpn_01);
    }
    return usable;
}

bool needs_delegation(const Endpoint& endpoint)
{
    return usable_challenges(endpoint, false).empty();
}

std::vector<RequiredRecord> required_records(const Endpoint& endpoint, const Platform& platform)
{
    std::vector<RequiredRecord> records;
    for (const auto& name : endpoint.names) {
        auto routing = record(RecordPurpose::routing, name, name.wildcard() ? "*." : "",
                              endpoint.label + "." + platform.domain.text());
        // An internal endpoint may be reached by addresses that only its own network knows.
        routing.required = endpoint.kind == EndpointKind::external;
        auto challenge = record(RecordPurpose::challenge, name, "_acme-challenge.",
                                endpoint.label + "." + platform.challenge_zone.text());
        if (endpoint.kind == EndpointKind::internal) {
            records.push_back(std::move(challenge));
            records.push_back(std::move(routing));
        } else {
            records.push_back(std::move(routing));
            records.push_back(std::move(challenge));
        }
    }
    // "*.x" and "x" share one _acme-challenge name.
    std::vector<RequiredRecord> unique;
    for (auto& each : records) {
        if (std::ranges::find(unique, each) == unique.end()) {
            unique.push_back(std::move(each));
        }
    }
    return unique;
}

}  // namespace model
