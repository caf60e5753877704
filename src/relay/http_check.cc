// HTTP-01 (RFC 8555 8.3), with the redirects that Let's Encrypt follows (ca-facts 4.1).
#include "http/upstream.h"
#include "net/tls.h"
#include "relay/checks.h"

#include <boost/url.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace relay {

namespace {

using boost::asio::awaitable;

constexpr int most_redirects = 10;
constexpr std::size_t longest_target = 2000;
constexpr std::size_t longest_body = 128;

struct Target {
    bool secure = false;
    std::string host;
    std::uint16_t port = 0;
    std::string path;  // and query

    // As people write it; ports of tests stand for the usual ones.
    std::string url() const { return fmt::format("{}://{}{}", secure ? "https" : "http", host, path); }
};

struct Page {
    int status = 0;
    std::string location;
    std::string body;
    std::string address;
};

std::unexpected<Problem> bad_redirect(const std::string& why)
{
    return std::unexpected(Problem(400, "connection", "Invalid redirect: " + why));
}

Checked<Target> redirect_target(const Target& from, const std::string& location,
                                const ValidatorOptions& options)
{
    const auto whole = from.url();
    const auto base = boost::urls::parse_uri(whole);
    const auto reference = boost::urls::parse_uri_reference(location);
    boost::urls::url resolved;
    if (!base || !reference || !boost::urls::resolve(*base, *reference, resolved)) {
        return bad_redirect("the location is not a URL");
    }
    Target to;
    to.secure = resolved.scheme() == "https";
    if (!to.secure && resolved.scheme() != "http") {
        return bad_redirect("only http and https are followed");
    }
    to.host = resolved.host_address();
    if (to.host.empty() || resolved.has_userinfo()) {
        return bad_redirect("the location has no plain host");
    }
    const auto usual = to.secure ? options.https_port : options.http_port;
    const bool named = resolved.has_port() && !resolved.port().empty();
    const auto wanted = named ? resolved.port_number() : usual;
    if (wanted != 80 && wanted != 443 && wanted != options.http_port && wanted != options.https_port) {
        return bad_redirect("only ports 80 and 443 are followed");
    }
    to.port = wanted == 80 ? options.http_port : wanted == 443 ? options.https_port : wanted;
    to.path = std::string(resolved.encoded_target());
    to.path = to.path.starts_with('/') ? to.path : "/" + to.path;
    if (to.path.size() > longest_target) {
        return bad_redirect("the path is too long");
    }
    return to;
}

base::Task<std::unique_ptr<net::Stream>> open(std::string address, const Target& target,
                                              const ValidatorOptions& options)
{
    if (!target.secure) {
        co_return co_await net::connect(std::move(address), target.port, options.limit, options.allowed);
    }
    net::TlsClientOptions tls;
    tls.server_name = target.host;
    tls.verify = false;
    tls.alpn = {"http/1.1"};
    tls.allowed = options.allowed;
    co_return co_await net::connect_tls(std::move(address), target.port, std::move(tls), options.limit);
}

base::Task<Page> read_page(http::Http1Connection& connection, const Target& target,
                           const ValidatorOptions& options)
{
    http::RequestHead head;
    head.method = "GET";
    head.target = target.path;
    head.authority = target.host.contains(':') ? "[" + target.host + "]" : target.host;
    head.headers = {{"User-Agent", options.user_agent}, {"Accept", "*/*"}};
    connection.begin(head, http::Framing::none());
    CO_CHECKED(co_await connection.finish());
    CO_TRY(answer, co_await connection.read_head());
    Page page;
    page.status = answer.status;
    page.location = answer.headers.find("Location").value_or("");
    std::array<char, 512> buffer{};
    while (page.status == 200 && page.body.size() <= longest_body) {
        CO_TRY(count, co_await connection.read_body(buffer));
        if (count == 0) {
            break;
        }
        page.body.append(buffer.data(), count);
    }
    co_return std::move(page);
}

// IPv4 is tried only when IPv6 cannot be connected to, and only for the first request.
awaitable<Checked<Page>> fetch(dns::Resolver& resolver, const ValidatorOptions& options, const Target& target,
                               bool first)
{
    CO_TRY(addresses, co_await addresses_of(resolver, target.host));
    auto address = addresses.front();
    auto stream = co_await open(address.to_string(), target, options);
    if (!stream && first && address.is_v6() && addresses.back().is_v4()) {
        address = addresses.back();
        stream = co_await open(address.to_string(), target, options);
    }
    const auto what = fmt::format("{}: Fetching {}", address.to_string(), target.url());
    if (!stream) {
        co_return std::unexpected(connection_problem(stream.error(), what));
    }
    http::Http1Connection connection(std::move(*stream));
    connection.set_deadline(std::chrono::steady_clock::now() + options.limit);
    auto page = co_await read_page(connection, target, options);
    if (!page) {
        co_return std::unexpected(connection_problem(page.error(), what));
    }
    page->address = address.to_string();
    co_return std::move(*page);
}

Problem judge(const Page& page, const Target& target, const ValidationRequest& request)
{
    if (page.status != 200) {
        return {403, "unauthorized",
                fmt::format("{}: Invalid response from {}: {}", page.address, target.url(), page.status)};
    }
    auto body = page.body;
    while (!body.empty() &&
           (body.back() == '\n' || body.back() == '\r' || body.back() == ' ' || body.back() == '\t')) {
        body.pop_back();
    }
    if (page.body.size() <= longest_body && body == request.key_authorization()) {
        return {};
    }
    return {
        403, "unauthorized",
        fmt::format(
            "{}: The key authorization file from the server did not match this challenge. Expected \"{}\" "
            "(got \"{}\")",
            page.address, request.key_authorization(), body.substr(0, longest_body))};
}

}  // namespace

awaitable<Problem> check_http_01(dns::Resolver& resolver, const ValidatorOptions& options,
                                 const ValidationRequest& request)
{
    static constexpr int followed[] = {301, 302, 307, 308};
    Target target{false, request.identifier.value, options.http_port,
                  "/.well-known/acme-challenge/" + request.token};
    std::set<std::string> seen;
    for (int hops = 0; hops <= most_redirects; ++hops) {
        if (!seen.insert(target.url()).second) {
            co_return Problem(400, "connection", "Redirect loop detected");
        }
        const auto page = co_await fetch(resolver, options, target, hops == 0);
        if (!page) {
            co_return page.error();
        }
        if (page->status == 200 || std::ranges::find(followed, page->status) == std::end(followed)) {
            co_return judge(*page, target, request);
        }
        auto next = redirect_target(target, page->location, options);
        if (!next) {
            next.error().detail =
                fmt::format("{}: Fetching {}: {}", page->address, target.url(), next.error().detail);
            co_return std::move(next).error();
        }
        target = std::move(*next);
    }
    co_return Problem(400, "connection", "Too many redirects");
}

}  // namespace relay
