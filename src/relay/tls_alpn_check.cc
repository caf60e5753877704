// TLS-ALPN-01 (RFC 8737, RFC 8738).
#include "crypto/acme_identifier.h"
#include "net/peer_certificate.h"
#include "net/tls.h"
#include "relay/checks.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace relay {

namespace {

using boost::asio::awaitable;

// RFC 8738 6: an address is named by its reverse zone.
std::string server_name(const Identifier& identifier)
{
    if (identifier.type == "dns") {
        return identifier.value;
    }
    const auto address = boost::asio::ip::make_address(identifier.value);
    std::string name;
    if (address.is_v4()) {
        for (const auto octet : address.to_v4().to_bytes()) {
            name = fmt::format("{}.", octet) + name;
        }
        return name + "in-addr.arpa";
    }
    for (const auto octet : address.to_v6().to_bytes()) {
        name = fmt::format("{:x}.{:x}.", octet & 15, octet >> 4) + name;
    }
    return name + "ip6.arpa";
}

awaitable<Problem> ask(const boost::asio::ip::address& address, const ValidatorOptions& options,
                       const ValidationRequest& request)
{
    net::TlsClientOptions tls;
    tls.server_name = server_name(request.identifier);
    tls.verify = false;
    tls.alpn = {"acme-tls/1"};
    tls.allowed = options.allowed;
    const auto where = address.to_string();
    auto connected = co_await net::connect_tls(where, options.https_port, tls, options.limit);
    if (!connected) {
        co_return connection_problem(connected.error(), where);
    }
    net::Stream& stream = **connected;
    const auto shown = net::peer_certificate(stream);
    const auto protocol = stream.facts().alpn;
    stream.close();
    if (protocol != "acme-tls/1") {
        co_return Problem(
            403, "unauthorized",
            fmt::format("{}: Cannot negotiate ALPN protocol \"acme-tls/1\" for tls-alpn-01 challenge",
                        where));
    }
    const auto good =
        crypto::check_acme_certificate(shown, request.identifier.value, request.key_authorization());
    co_return good ? Problem()
                   : Problem(403, "unauthorized",
                             fmt::format("{}: Incorrect validation certificate for tls-alpn-01 challenge: {}",
                                         where, good.error().message()));
}

}  // namespace

Problem connection_problem(const base::Error& error, const std::string& what)
{
    const bool tls = error.code() == "tls_failed" || error.code() == "certificate_invalid";
    return {400, tls ? "tls" : "connection", fmt::format("{}: {}", what, error.message())};
}

// Other than with HTTP-01, any failure over IPv6 leads to IPv4.
awaitable<Problem> check_tls_alpn_01(dns::Resolver& resolver, const ValidatorOptions& options,
                                     const ValidationRequest& request)
{
    const auto addresses = co_await addresses_of(resolver, request.identifier.value);
    if (!addresses) {
        co_return addresses.error();
    }
    auto problem = co_await ask(addresses->front(), options, request);
    if (!problem.none() && addresses->front().is_v6() && addresses->back().is_v4()) {
        problem = co_await ask(addresses->back(), options, request);
    }
    co_return problem;
}

}  // namespace relay
