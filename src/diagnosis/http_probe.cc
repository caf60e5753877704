#include "diagnosis/http_probe.h"

#include "http/upstream.h"
#include "net/tls.h"

#include <boost/url.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace diagnosis {

namespace {

using Kind = HttpOutcome::Kind;
using Address = boost::asio::ip::address;

constexpr int most_redirects = 10;
constexpr std::size_t longest_target = 2'000;
constexpr std::size_t kept_body = 256;

struct Target {
    bool tls = false;
    std::string host;
    std::uint16_t port = 80;
    std::string path;
    std::string url;
};

struct Reply {
    http::ResponseHead head;
    std::string body;
};

HttpOutcome stopped(Kind kind, std::string detail, int redirects)
{
    HttpOutcome outcome;
    outcome.kind = kind;
    outcome.detail = std::move(detail);
    outcome.redirects = redirects;
    return outcome;
}

bool host_is_public_name(const boost::urls::url_view& url)
{
    if (url.host_type() == boost::urls::host_type::ipv4 || url.host_type() == boost::urls::host_type::ipv6) {
        return true;
    }
    const std::string host = url.host_address();
    return url.host_type() == boost::urls::host_type::name && host.contains('.');
}

// Where a redirect leads; an error says why a CA does not follow it.
base::Result<Target> parse_target(std::string_view location, const Target& from, const ProbeOptions& options)
{
    const auto reference = boost::urls::parse_uri_reference(location);
    const auto base_url = boost::urls::parse_uri(from.url);
    boost::urls::url url;
    if (!reference || !base_url || location.size() > longest_target ||
        boost::urls::resolve(*base_url, *reference, url).has_error()) {
        return base::fail(base::Errc::invalid, "it is not a URL, or too long");
    }
    url.normalize();
    Target target;
    target.tls = url.scheme() == "https";
    if (!target.tls && url.scheme() != "http") {
        return base::fail(base::Errc::invalid, "only http and https are followed");
    }
    target.port = target.tls ? options.https_port : options.http_port;
    const auto port = url.port_number();
    if (url.has_port() && port != (target.tls ? 443 : 80) && port != options.http_port &&
        port != options.https_port) {
        return base::fail(base::Errc::invalid, "only the ports 80 and 443 are followed");
    }
    if (url.has_port() && (port == options.http_port || port == options.https_port)) {
        target.port = port;
    }
    if (!host_is_public_name(url)) {
        return base::fail(base::Errc::invalid, "its host is no public name");
    }
    target.host = url.host_address();
    target.path = std::string(url.encoded_target());
    target.path = target.path.empty() ? "/" : target.path;
    url.remove_fragment();
    target.url = std::string(url.buffer());
    return target;
}

base::Task<Reply> exchange(std::unique_ptr<net::Stream> stream, Target target, ProbeOptions options)
{
    http::Http1Connection connection(std::move(stream));
    connection.set_deadline(std::chrono::steady_clock::now() + options.exchange);
    http::RequestHead head;
    head.method = "GET";
    head.target = target.path;
    head.authority = target.host;
    head.scheme = target.tls ? "https" : "http";
    head.headers.add("Accept", "*/*");
    head.headers.add("User-Agent", "certwright-check");
    connection.begin(head, http::Framing::none());
    CO_CHECKED(co_await connection.finish());
    CO_TRY(answer, co_await connection.read_head());
    Reply reply;
    reply.head = std::move(answer);
    std::array<char, kept_body> buffer{};
    while (reply.body.size() < kept_body && !connection.body_ended()) {
        const auto count = co_await connection.read_body(buffer);
        if (!count || *count == 0) {
            break;
        }
        reply.body.append(buffer.data(), *count);
    }
    connection.close();
    co_return reply;
}

base::Task<std::unique_ptr<net::Stream>> dial(Address address, Target target, ProbeOptions options)
{
    auto allowed = net::public_or_granted(options.granted);
    if (!target.tls) {
        co_return co_await net::connect(address.to_string(), target.port, options.connect, allowed);
    }
    net::TlsClientOptions tls;
    tls.server_name = target.host;
    tls.verify = false;
    tls.alpn = {"http/1.1"};
    tls.allowed = std::move(allowed);
    co_return co_await net::connect_tls(address.to_string(), target.port, std::move(tls), options.connect);
}

// One request: by the first address, or on the first hop by the first that takes a connection.
base::Task<Reply> ask(std::vector<Address> addresses, Target target, bool first, ProbeOptions options,
                      std::string& server)
{
    std::optional<base::Error> last;
    const auto preferred = addresses.front().is_v6();
    for (const auto& address : addresses) {
        // As Boulder: one address of each family.
        if (last && (!first || address.is_v6() == preferred)) {
            continue;
        }
        server = address.to_string();
        auto connected = co_await dial(address, target, options);
        if (connected) {
            co_return co_await exchange(std::move(*connected), target, options);
        }
        last = std::move(connected).error();
    }
    co_return base::fail(std::move(*last));
}

bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

}  // namespace

std::string excerpt(std::string_view body)
{
    std::string made;
    for (const char each : body.substr(0, 80)) {
        const auto code = static_cast<unsigned char>(each);
        made += code < 0x20 || code == 0x7f ? ' ' : each;
    }
    while (made.ends_with(' ')) {
        made.pop_back();
    }
    return made;
}

boost::asio::awaitable<Reachables> reachable_addresses(dns::Resolver& resolver, std::string host,
                                                       net::AddressSet granted)
{
    Reachables found;
    std::vector<std::string> texts;
    boost::system::error_code not_literal;
    boost::asio::ip::make_address(host, not_literal);
    if (!not_literal) {
        texts.push_back(host);
    } else {
        for (const auto type : {dns::RecordType::aaaa, dns::RecordType::a}) {
            auto lookup = co_await resolver.lookup(host, type);
            if (lookup) {
                std::ranges::move(lookup->records, std::back_inserter(texts));
            }
        }
    }
    for (const auto& text : texts) {
        boost::system::error_code bad;
        const auto address = boost::asio::ip::make_address(text, bad);
        if (!bad && net::is_public_or_granted(address, granted)) {
            found.addresses.push_back(address);
        } else {
            ++found.hidden;
        }
    }
    co_return found;
}

boost::asio::awaitable<HttpOutcome> fetch_as_ca(dns::Resolver& resolver, std::string host, std::string path,
                                                ProbeOptions options)
{
    Target target{false, host, options.http_port, path, fmt::format("http://{}{}", host, path)};
    std::set<std::string> visited;
    for (int redirects = 0;; ++redirects) {
        if (redirects > most_redirects || !visited.insert(target.url).second) {
            co_return stopped(Kind::redirect_loop, target.url, redirects);
        }
        auto found = co_await reachable_addresses(resolver, target.host, options.granted);
        if (found.addresses.empty()) {
            const bool hidden = found.hidden > 0;
            co_return stopped(hidden ? Kind::forbidden : Kind::no_address, target.host, redirects);
        }
        std::string server;
        auto reply = co_await ask(found.addresses, target, redirects == 0, options, server);
        if (!reply) {
            auto outcome = stopped(Kind::unreachable, reply.error().message(), redirects);
            outcome.server = server;
            co_return outcome;
        }
        if (!is_redirect(reply->head.status)) {
            HttpOutcome outcome;
            outcome.kind = Kind::answered;
            outcome.status = reply->head.status;
            outcome.body = std::move(reply->body);
            outcome.server = server;
            outcome.detail = target.url;
            outcome.redirects = redirects;
            co_return outcome;
        }
        const std::string location(reply->head.headers.find("Location").value_or(""));
        auto next = parse_target(location, target, options);
        if (!next) {
            auto outcome =
                stopped(Kind::redirect_refused,
                        fmt::format("{}: {}", excerpt(location), next.error().message()), redirects);
            outcome.server = server;
            co_return outcome;
        }
        target = std::move(*next);
    }
}

}  // namespace diagnosis
