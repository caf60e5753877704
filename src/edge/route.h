// Route: an endpoint made ready to serve: parsed once, shared by a loop's connections. Immutable.
#pragma once

#include "edge/certificate_store.h"
#include "http/upstream.h"
#include "net/address_set.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edge {

// Where an endpoint's requests go: "http://host:port/prefix" or "https://...".
struct Upstream {
    http::Origin origin;
    std::string prefix;  // without final slash
    std::string name;    // scheme, host and port: what its health is known by
};
// Errors: invalid, with what is wrong.
base::Result<Upstream> parse_upstream(std::string_view url);

struct Route {
    std::string endpoint;
    std::vector<Upstream> upstreams;  // which do the same; none: there is nothing to proxy to
    model::Forwarding forwarding;
    std::string hsts;  // the value of Strict-Transport-Security; empty: none of ours
    model::PlainHttp plain_http = model::PlainHttp::redirect;
    model::Redirect redirect;  // in place of an upstream
    // Who may use it, when that is decided here. A filter that cannot be read lets nobody in.
    bool filtered = false;
    net::AddressSet allowed;
    bool suspended = false;
    bool own_challenges = false;                 // the challenge path is the upstream's
    std::vector<CertificateFacts> certificates;  // best first
};

std::shared_ptr<const Route> make_route(FoundRoute found);

// An identifier equals `host`, or is a wildcard that covers it (one label, RFC 6125 6.4.3).
bool covers(const CertificateFacts& certificate, std::string_view host);

// `name`, of a route, decides what `host` gets.
bool concerns(std::string_view name, std::string_view host);

}  // namespace edge
