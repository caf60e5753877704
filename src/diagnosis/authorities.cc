#include "diagnosis/authorities.h"

#include "base/gather.h"
#include "dns/ask.h"

#include <fmt/format.h>

#include <algorithm>

namespace diagnosis {

namespace {

using Addresses = std::vector<NameServerAddress>;

constexpr std::size_t most_names = 13;

base::Task<Addresses> addresses_of(dns::Resolver& resolver, std::string name, dns::RecordType type)
{
    CO_TRY(found, co_await resolver.lookup(name, type));
    Addresses made;
    for (const auto& text : found.records) {
        boost::system::error_code bad;
        const auto address = boost::asio::ip::make_address(text, bad);
        if (!bad) {
            made.push_back({name, address});
        }
    }
    co_return made;
}

base::Task<ServerAnswer> ask_one(NameServerAddress server, std::uint16_t port, dns::Query query)
{
    const boost::asio::ip::tcp::endpoint where(server.address, port);
    ServerAnswer answer{std::move(server), base::fail(base::Errc::timeout, "timed out")};
    answer.reply = co_await dns::ask(where, query);
    if (!answer.reply || answer.reply->truncated) {
        query.transport = dns::Transport::tcp;
        auto over_tcp = co_await dns::ask(where, std::move(query));
        if (over_tcp || !answer.reply) {
            answer.reply = std::move(over_tcp);
        }
    }
    co_return answer;
}

}  // namespace

std::string to_text(const NameServerAddress& server)
{
    return fmt::format("{} ({})", server.name, server.address.to_string());
}

std::string failure_of(const ServerAnswer& answer)
{
    if (!answer.reply) {
        return answer.reply.error().kind() == base::Errc::timeout ? "does not answer" : "cannot be reached";
    }
    const auto rcode = answer.reply->rcode;
    if (rcode != dns::Rcode::noerror && rcode != dns::Rcode::nxdomain) {
        return "says " + dns::to_string(rcode);
    }
    return answer.reply->authoritative ? "" : "does not know the zone";
}

boost::asio::awaitable<Addresses> Authorities::look_up(std::vector<std::string> names)
{
    names.resize(std::min(names.size(), most_names));
    std::vector<base::Task<Addresses>> lookups;
    for (const auto& name : names) {
        lookups.push_back(addresses_of(resolver_, name, dns::RecordType::a));
        lookups.push_back(addresses_of(resolver_, name, dns::RecordType::aaaa));
    }
    auto found = co_await base::gather(std::move(lookups));
    Addresses servers;
    for (const auto& each : found) {
        if (!each) {
            continue;
        }
        std::ranges::copy_if(*each, std::back_inserter(servers), [this](const NameServerAddress& server) {
            return net::is_public_or_granted(server.address, options_.granted);
        });
    }
    servers.resize(std::min(servers.size(), options_.most_servers));
    co_return servers;
}

boost::asio::awaitable<Addresses> Authorities::servers_of(std::string name)
{
    if (options_.dns_port == 0) {
        co_return Addresses();
    }
    for (std::string apex = std::move(name); !apex.empty();) {
        if (const auto known = zones_.find(apex); known != zones_.end()) {
            co_return known->second;
        }
        auto servers = co_await resolver_.lookup(apex, dns::RecordType::ns);
        // Behind a CNAME lies another zone; the name itself is in its parent's.
        if (servers && servers->exists() && servers->canonical_name == apex) {
            auto found = co_await look_up(std::move(servers->records));
            zones_[apex] = found;
            co_return found;
        }
        const auto dot = apex.find('.');
        apex = dot == std::string::npos ? std::string() : apex.substr(dot + 1);
    }
    co_return Addresses();
}

boost::asio::awaitable<std::vector<ServerAnswer>> Authorities::ask_each(std::string name,
                                                                        dns::RecordType type)
{
    std::vector<ServerAnswer> answers;
    const auto servers = co_await servers_of(name);
    dns::Query query;
    const auto parsed = dns::Name::parse(name);
    if (!parsed) {
        co_return answers;
    }
    query.name = *parsed;
    query.type = type;
    query.limit = options_.ask;
    std::vector<base::Task<ServerAnswer>> asking;
    for (const auto& server : servers) {
        asking.push_back(ask_one(server, options_.dns_port, query));
    }
    auto got = co_await base::gather(std::move(asking));
    for (auto& each : got) {
        if (each) {
            answers.push_back(std::move(*each));
        }
    }
    co_return answers;
}

}  // namespace diagnosis
