#include "responder/authorities.h"

#include <fmt/format.h>

namespace responder {

namespace {

base::Error unknown(const std::string& owner, std::string_view why)
{
    return base::Error(base::Errc::unavailable,
                       fmt::format("the name servers of {} cannot be found: {}", owner, why))
        .with_code("dns01_authorities")
        .with_fix("See that the zone is delegated, or name its servers in dns01.name_servers.");
}

// The apex of the zone of `name`.
base::Task<std::string> zone_of(dns::Resolver& resolver, std::string name)
{
    for (std::string at = name; !at.empty();) {
        CO_TRY(soa, co_await resolver.lookup(at, dns::RecordType::soa));
        if (soa.exists() && (soa.canonical_name.empty() || soa.canonical_name == at)) {
            co_return at;
        }
        const auto dot = at.find('.');
        at = dot == std::string::npos ? std::string() : at.substr(dot + 1);
    }
    co_return base::fail(unknown(name, "no zone has it"));
}

base::Task<> add_addresses(dns::Resolver& resolver, std::string server, dns::RecordType type,
                           std::uint16_t port, std::vector<net::Endpoint>& into)
{
    CO_TRY(found, co_await resolver.lookup(std::move(server), type));
    for (const auto& text : found.records) {
        boost::system::error_code failure;
        const auto address = boost::asio::ip::make_address(text, failure);
        if (!failure) {
            into.emplace_back(address, port);
        }
    }
    co_return base::Result<>();
}

}  // namespace

base::Task<Authorities> find_authorities(dns::Resolver& resolver, std::string owner, std::uint16_t port)
{
    Authorities found;
    CO_TRY(txt, co_await resolver.lookup(owner, dns::RecordType::txt));
    found.owner = txt.canonical_name.empty() ? owner : txt.canonical_name;
    CO_TRY(zone, co_await zone_of(resolver, found.owner));
    CO_TRY(servers, co_await resolver.lookup(zone, dns::RecordType::ns));
    const auto names = servers.records;
    for (const auto& name : names) {
        for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa}) {
            // One server that has no address yet must not hide the others.
            static_cast<void>(co_await add_addresses(resolver, name, type, port, found.servers));
        }
    }
    if (found.servers.empty()) {
        co_return base::fail(unknown(owner, "none of them has an address"));
    }
    co_return found;
}

}  // namespace responder
