// DNS-01, and what the other checks ask of the DNS (RFC 8555 8.4).
#include "crypto/digest.h"
#include "relay/checks.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace relay {

using boost::asio::awaitable;

Problem dns_problem(const base::Result<dns::Lookup>& lookup, dns::RecordType type, const std::string& name)
{
    std::string what;
    if (!lookup) {
        what = lookup.error().kind() == base::Errc::timeout ? "query timed out" : lookup.error().message();
    } else if (lookup->bogus) {
        what = "DNSSEC: " + lookup->why;
    } else if (lookup->rcode != dns::Rcode::noerror) {
        what = dns::to_string(lookup->rcode);
    } else {
        return {};
    }
    return {400, "dns",
            fmt::format("DNS problem: {} looking up {} for {}", what, dns::to_string(type), name)};
}

awaitable<Checked<Addresses>> addresses_of(dns::Resolver& resolver, std::string host)
{
    boost::system::error_code not_address;
    const auto literal = boost::asio::ip::make_address(host, not_address);
    if (!not_address) {
        co_return Addresses{literal};
    }
    Addresses found;
    Problem problem;
    for (const auto type : {dns::RecordType::aaaa, dns::RecordType::a}) {
        const auto lookup = co_await resolver.lookup(host, type);
        auto failure = dns_problem(lookup, type, host);
        problem = failure.none() ? problem : std::move(failure);
        for (const auto& text : lookup ? lookup->records : std::vector<std::string>()) {
            boost::system::error_code failed;
            const auto address = boost::asio::ip::make_address(text, failed);
            if (!failed) {
                found.push_back(address);
            }
        }
    }
    if (!found.empty()) {
        co_return std::move(found);
    }
    if (problem.none()) {
        problem = Problem(
            400, "dns",
            fmt::format("no valid A records found for {}; no valid AAAA records found for {}", host, host));
    }
    co_return std::unexpected(std::move(problem));
}

awaitable<Problem> check_dns_01(dns::Resolver& resolver, const ValidationRequest& request)
{
    const auto name = "_acme-challenge." + request.identifier.value;
    const auto lookup = co_await resolver.lookup(name, dns::RecordType::txt);
    auto problem = dns_problem(lookup, dns::RecordType::txt, name);
    if (!problem.none()) {
        co_return problem;
    }
    const auto want = base::to_base64url(crypto::sha256(base::as_bytes(request.key_authorization())));
    if (std::ranges::find(lookup->records, want) != lookup->records.end()) {
        co_return Problem();
    }
    if (lookup->records.empty()) {
        co_return Problem(403, "unauthorized", "No TXT record found at " + name);
    }
    constexpr std::size_t shown = 100;
    const auto first = lookup->records.front().substr(0, shown);
    const auto more =
        lookup->records.size() > 1 ? fmt::format(" (and {} more)", lookup->records.size() - 1) : "";
    co_return Problem(403, "unauthorized",
                      fmt::format("Incorrect TXT record \"{}\"{} found at {}", first, more, name));
}

}  // namespace relay
