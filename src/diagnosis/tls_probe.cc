#include "diagnosis/tls_probe.h"

#include "diagnosis/http_probe.h"
#include "http/upstream.h"
#include "net/peer_certificate.h"
#include "net/tls.h"

#include <array>

namespace diagnosis {

namespace {

base::Task<std::string> ask_site(std::unique_ptr<net::Stream> stream, std::string name, ProbeOptions options,
                                 int& status)
{
    http::Http1Connection connection(std::move(stream));
    connection.set_deadline(std::chrono::steady_clock::now() + options.exchange);
    http::RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.authority = std::move(name);
    head.scheme = "https";
    head.headers.add("User-Agent", "certwright-check");
    connection.begin(head, http::Framing::none());
    CO_CHECKED(co_await connection.finish());
    CO_TRY(answer, co_await connection.read_head());
    status = answer.status;
    std::array<char, 256> buffer{};
    const auto count = co_await connection.read_body(buffer);
    connection.close();
    co_return std::string(buffer.data(), count ? *count : 0);
}

}  // namespace

boost::asio::awaitable<TlsOutcome> probe_tls(dns::Resolver& resolver, std::string name, ProbeOptions options)
{
    TlsOutcome outcome;
    const auto found = co_await reachable_addresses(resolver, name, options.granted);
    for (const auto& address : found.addresses) {
        net::TlsClientOptions tls;
        tls.server_name = name;
        tls.verify = false;
        tls.alpn = {"http/1.1"};
        tls.allowed = net::public_or_granted(options.granted);
        auto connected = co_await net::connect_tls(address.to_string(), options.https_port, std::move(tls),
                                                   options.connect);
        outcome.server = address.to_string();
        if (!connected) {
            outcome.detail = connected.error().message();
            continue;
        }
        outcome.leaf = net::peer_certificate(**connected);
        auto body = co_await ask_site(std::move(*connected), name, options, outcome.status);
        if (body) {
            outcome.body = std::move(*body);
        }
        break;
    }
    co_return outcome;
}

}  // namespace diagnosis
