#include "nameserver/zone_check.h"

#include "dns/rdata.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace nameserver {

namespace {

constexpr std::size_t most_addresses = 32;  // of all servers together

// The addresses that the zone names, else those that the world finds.
boost::asio::awaitable<std::vector<std::string>> addresses_of(model::NameServer server,
                                                              dns::Resolver& resolver)
{
    if (!server.addresses.empty()) {
        co_return std::move(server.addresses);
    }
    std::vector<std::string> found;
    for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa}) {
        auto lookup = co_await resolver.lookup(server.name, type);
        if (lookup) {
            found.insert(found.end(), lookup->records.begin(), lookup->records.end());
        }
    }
    co_return std::move(found);
}

std::optional<std::uint32_t> serial_in(const dns::Message& reply, const dns::Name& apex)
{
    for (const auto& record : reply.answers) {
        if (record.type == dns::RecordType::soa && record.name == apex) {
            dns::Reader data(record.data);
            static_cast<void>(data.name());
            static_cast<void>(data.name());
            const std::uint32_t serial = data.u32();
            return data.ok() ? std::optional(serial) : std::nullopt;
        }
    }
    return std::nullopt;
}

void judge_reply(ServerAnswer& answer, const base::Result<dns::Message>& reply, const dns::Name& apex)
{
    if (!reply) {
        answer.problem = reply.error().message();
        return;
    }
    answer.serial = serial_in(*reply, apex);
    if (reply->rcode != dns::Rcode::noerror) {
        answer.problem = fmt::format("answers {}: it does not have the zone", dns::to_string(reply->rcode));
    } else if (!reply->authoritative) {
        answer.problem = "does not answer with authority: it does not have the zone";
    } else if (!answer.serial) {
        answer.problem = "answers without the SOA of the zone";
    }
}

// Serials go round (RFC 1982).
bool is_older(std::uint32_t one, std::uint32_t other)
{
    return static_cast<std::int32_t>(one - other) < 0;
}

void compare_serials(std::vector<ServerAnswer>& answers)
{
    std::optional<std::uint32_t> newest;
    for (const auto& each : answers) {
        if (each.serial && (!newest || is_older(*newest, *each.serial))) {
            newest = each.serial;
        }
    }
    for (auto& each : answers) {
        if (each.serial && each.problem.empty() && is_older(*each.serial, *newest)) {
            each.problem = fmt::format("is behind: the newest serial is {}", *newest);
        }
    }
}

}  // namespace

bool ZoneCheck::ok() const
{
    return delegation.ok() && !servers.empty() &&
           std::ranges::all_of(servers, [](const ServerAnswer& each) { return each.problem.empty(); });
}

boost::asio::awaitable<ZoneCheck> check_zone(model::Zone zone, dns::Resolver& resolver,
                                             ZoneCheckOptions options)
{
    ZoneCheck check;
    check.delegation = co_await check_registrar(zone, resolver, options.port);
    const auto apex = dns::Name::parse(zone.apex);
    dns::Query query;
    query.name = apex ? *apex : dns::Name();
    query.type = dns::RecordType::soa;
    query.limit = options.limit;
    for (const auto& server : zone.name_servers) {
        const auto addresses = co_await addresses_of(server, resolver);
        if (addresses.empty()) {
            check.servers.push_back({server.name, "", dns::Transport::udp, {}, "has no address"});
        }
        for (const auto& address : addresses) {
            for (const auto transport : {dns::Transport::udp, dns::Transport::tcp}) {
                if (check.servers.size() >= 2 * most_addresses) {
                    break;
                }
                boost::system::error_code bad;
                const boost::asio::ip::tcp::endpoint where(boost::asio::ip::make_address(address, bad),
                                                           options.port);
                query.transport = transport;
                ServerAnswer answer{server.name, address, transport, {}, {}};
                const auto reply = co_await dns::ask(where, query);
                judge_reply(answer, reply, query.name);
                check.servers.push_back(std::move(answer));
            }
        }
    }
    compare_serials(check.servers);
    co_return check;
}

}  // namespace nameserver
