// Which upstreams an endpoint may name. The edge applies an address policy again when it connects: a name
// that resolves to a forbidden address is its business; here are the cases that can be told from the text.
#pragma once

#include "base/result.h"
#include "model/domain_name.h"
#include "net/address_set.h"

#include <string>
#include <string_view>
#include <vector>

namespace endpoints {

// Immutable; safe from any thread.
class UpstreamPolicy {
public:
    UpstreamPolicy() = default;
    // `private_blocks`: addresses outside the public Internet that tenants may name ("0.0.0.0/0", "::/0" for
    // all).
    explicit UpstreamPolicy(net::AddressSet private_blocks) : granted_(std::move(private_blocks)) {}

    // Returns the canonical URL: http or https, lower-case host, no userinfo, query or fragment. `granted`:
    // the caller is the operator, who may name any address. Codes upstream_invalid and upstream_forbidden.
    base::Result<std::string> check(std::string_view url, bool granted) const;

private:
    base::Result<> check_host(const std::string& host, bool granted) const;

    net::AddressSet granted_;
};

// The host of a URL that check() returned, without brackets.
std::string upstream_host(std::string_view url);

}  // namespace endpoints
