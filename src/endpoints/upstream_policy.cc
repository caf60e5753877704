#include "endpoints/upstream_policy.h"

#include "base/ascii.h"
#include "net/address_policy.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url.hpp>
#include <fmt/format.h>

#include <charconv>

namespace endpoints {

namespace {

constexpr std::size_t longest_url = 2048;

base::Error invalid(const UrlUse& use, std::string_view url, std::string_view why)
{
    return base::Error(base::Errc::invalid,
                       fmt::format("'{}' cannot be {}: {}", url.substr(0, 200), use.what, why))
        .with_code(fmt::format("{}_invalid", use.name))
        .with_fix(fmt::format("Give a URL such as {}.", use.example));
}

base::Error forbidden(const UrlUse& use, std::string_view host, std::string_view why)
{
    return base::Error(base::Errc::unauthorized,
                       fmt::format("the {} '{}' is not allowed: {}", use.name, host, why))
        .with_code(fmt::format("{}_forbidden", use.name))
        .with_fix(fmt::format("Name {} on the public Internet, or ask the operator to grant this address.",
                              use.what));
}

// Forms such as 127.1, 2130706433 and 0x7f.0.0.1, which a system's resolver takes for addresses.
bool looks_like_a_number(std::string_view host)
{
    const auto last_dot = host.find_last_of('.', host.size() < 2 ? std::string_view::npos : host.size() - 2);
    auto last = last_dot == std::string_view::npos ? host : host.substr(last_dot + 1);
    if (last.ends_with('.')) {
        last.remove_suffix(1);
    }
    if (last.starts_with("0x")) {
        return last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
    }
    return !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
}

bool valid_port(std::string_view text)
{
    unsigned port = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && stopped == text.data() + text.size() && port >= 1 && port <= 65535;
}

base::Result<> check_parts(std::string_view text, const boost::urls::url& url, const UrlUse& use)
{
    if (url.scheme() != "http" && url.scheme() != "https") {
        return base::fail(invalid(use, text, "only http and https are possible"));
    }
    if (use.secure && url.scheme() != "https") {
        return base::fail(invalid(use, text, "only https is possible"));
    }
    if (url.has_userinfo()) {
        return base::fail(invalid(use, text, "it must not carry a user name or password"));
    }
    if (url.has_fragment() || (url.has_query() && !use.query)) {
        return base::fail(invalid(
            use, text, use.query ? "it must not have a fragment" : "it must not have a query or a fragment"));
    }
    if (url.encoded_host_address().empty()) {
        return base::fail(invalid(use, text, "it has no host"));
    }
    if (url.host_type() == boost::urls::host_type::ipvfuture) {
        return base::fail(invalid(use, text, "this form of address is not known"));
    }
    if (url.has_port() && !valid_port(url.port())) {
        return base::fail(invalid(use, text, "the port must be between 1 and 65535"));
    }
    return {};
}

}  // namespace

base::Result<> UpstreamPolicy::check_host(const std::string& host, bool granted, const UrlUse& use) const
{
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    if (!error) {
        if (!granted && !net::is_public_or_granted(address, granted_)) {
            return base::fail(forbidden(use, host, "it is an address outside the public Internet"));
        }
        return {};
    }
    if (looks_like_a_number(host)) {
        return base::fail(invalid(use, host, "write an IPv4 address as four decimal numbers"));
    }
    const bool local = host == "localhost" || host == "localhost." || host.ends_with(".localhost") ||
                       host.ends_with(".localhost.");
    if (local && !granted && !granted_.contains(boost::asio::ip::address_v4::loopback())) {
        return base::fail(forbidden(use, host, "it is this machine itself"));
    }
    if (!local && !model::DomainName::parse(host)) {
        return base::fail(invalid(use, host, "its host is not a valid name"));
    }
    return {};
}

base::Result<std::string> UpstreamPolicy::check(std::string_view text, bool granted, const UrlUse& use) const
{
    if (text.size() > longest_url) {
        return base::fail(invalid(use, text, "it is longer than 2048 characters"));
    }
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) {
        return base::fail(invalid(use, text, "it is not an absolute URL"));
    }
    boost::urls::url url(*parsed);
    url.normalize_scheme();
    CHECKED(check_parts(text, url, use));
    const std::string host = base::to_lower(url.host_address());
    if (host.contains('%')) {
        return base::fail(invalid(use, text, "an address with a zone is not possible"));
    }
    CHECKED(check_host(host, granted, use));
    url.set_host_address(host);
    std::string made(url.buffer());
    return made;
}

std::string upstream_host(std::string_view url)
{
    const auto parsed = boost::urls::parse_uri(url);
    return parsed ? std::string(parsed->host_address()) : std::string();
}

}  // namespace endpoints
