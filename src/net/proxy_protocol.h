// The PROXY protocol, versions 1 and 2 (haproxy.org/download/2.9/doc/proxy-protocol.txt): what a load
// balancer says of its client before that client's own octets.
#pragma once

#include "net/stream.h"

#include <optional>
#include <string>
#include <string_view>

namespace net {

struct ProxyHeader {
    std::size_t size = 0;            // octets of it
    std::optional<Endpoint> client;  // none: the load balancer speaks for itself (health checks)
};

// Empty while incomplete. Errors: invalid, code bad_proxy_header.
base::Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view data);

// The header of version 2 that tells a server behind us of a visitor.
std::string proxy_header(const Endpoint& client, const Endpoint& local);

// The one that says that a connection is our own (LOCAL): a health check.
std::string own_proxy_header();

// Takes the header off a new connection, and nothing that follows it. Empty: see ProxyHeader::client. Errors:
// also timeout, and unavailable when the peer ends.
base::Task<std::optional<Endpoint>> take_proxy_header(asio::ip::tcp::socket& socket,
                                                      std::chrono::milliseconds limit);

}  // namespace net
