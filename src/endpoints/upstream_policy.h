// Which addresses of others a user may name: upstreams of endpoints, receivers of webhooks. Whoever connects
// applies an address policy again: a name that resolves to a forbidden address is its business; here are the
// cases that can be told from the text.
#pragma once

#include "base/result.h"
#include "model/domain_name.h"
#include "net/address_set.h"

#include <string>
#include <string_view>
#include <vector>

namespace endpoints {

// What a URL is for: how its errors read, and what it may have.
struct UrlUse {
    std::string_view what;  // "an upstream"
    std::string_view name;  // "upstream": codes are <name>_invalid and <name>_forbidden
    std::string_view example;
    bool query = false;
    bool secure = false;  // https only
};

inline constexpr UrlUse upstream_use{"an upstream", "upstream",
                                     "http://app.example.net:8080 or https://app.example.net/prefix"};

// Immutable; safe from any thread.
class UpstreamPolicy {
public:
    UpstreamPolicy() = default;
    // `private_blocks`: addresses outside the public Internet that tenants may name ("0.0.0.0/0", "::/0" for
    // all).
    explicit UpstreamPolicy(net::AddressSet private_blocks) : granted_(std::move(private_blocks)) {}

    // Returns the canonical URL: http or https, lower-case host, no userinfo or fragment, a query where the
    // use has one. `granted`: the caller is the operator, who may name any address. Codes upstream_invalid
    // and upstream_forbidden, or those of the use.
    base::Result<std::string> check(std::string_view url, bool granted,
                                    const UrlUse& use = upstream_use) const;

    // For whoever connects on behalf of a tenant.
    bool allows(const boost::asio::ip::address& address) const
    {
        return !net::is_special(address) || granted_.contains(address);
    }

private:
    base::Result<> check_host(const std::string& host, bool granted, const UrlUse& use) const;

    net::AddressSet granted_;
};

// The host of a URL that check() returned, without brackets.
std::string upstream_host(std::string_view url);

}  // namespace endpoints
