// An endpoint as the endpoints service makes it, for tests.
#pragma once

#include "model/endpoint.h"

#include <string>
#include <vector>

namespace test {

inline model::Platform sample_platform()
{
    model::Platform platform;
    platform.domain = *model::DomainName::parse("edge.example.net");
    platform.challenge_zone = *model::DomainName::parse("acme.edge.example.net");
    return platform;
}

inline model::Endpoint sample_endpoint(const std::vector<std::string>& names,
                                       model::EndpointKind kind = model::EndpointKind::external,
                                       const model::Platform& platform = sample_platform())
{
    model::Endpoint endpoint;
    endpoint.id = "ep_" + names.front();
    endpoint.tenant = "default";
    endpoint.vouched = true;
    for (const auto& name : names) {
        endpoint.names.push_back(*model::DomainName::parse(name));
    }
    endpoint.kind = kind;
    endpoint.upstream = "http://192.0.2.9:8080";
    endpoint.label = "lbl" + std::to_string(names.front().size()) + names.front().substr(0, 1);
    endpoint.required_records = model::required_records(endpoint, platform);
    endpoint.next_check_at = base::Time{};
    return endpoint;
}

}  // namespace test
