// HttpProbe: fetches a page as a CA fetches an HTTP-01 proof (RFC 8555 8.3, and Let's Encrypt's rules for
// redirects).
#pragma once

#include "diagnosis/probe_options.h"
#include "dns/resolver.h"

#include <string>
#include <vector>

namespace diagnosis {

struct HttpOutcome {
    enum class Kind {
        answered,     // `status` and `body` of the last server
        unreachable,  // no connection, or no answer on it
        forbidden,    // only addresses that checks may not connect to
        no_address,   // nothing to connect to
        redirect_loop,
        redirect_refused,  // to a place where CAs do not follow
    };
    Kind kind = Kind::unreachable;
    int status = 0;
    std::string body;    // its beginning
    std::string detail;  // a sentence or a URL
    std::string server;  // address of the last server
    int redirects = 0;
};

// GET http://`host``path`. IPv6 first; IPv4 only when no IPv6 connection can be made to the first server.
boost::asio::awaitable<HttpOutcome> fetch_as_ca(dns::Resolver& resolver, std::string host, std::string path,
                                                ProbeOptions options);

// The addresses of `host`, IPv6 first, that checks may connect to. `hidden` counts the others.
struct Reachables {
    std::vector<boost::asio::ip::address> addresses;
    std::size_t hidden = 0;
};
boost::asio::awaitable<Reachables> reachable_addresses(dns::Resolver& resolver, std::string host,
                                                       net::AddressSet granted);

// At most 80 characters of what a server said, on one line.
std::string excerpt(std::string_view body);

}  // namespace diagnosis
