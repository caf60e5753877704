#include "nameserver/registrar_check.h"

#include "dns/ask.h"
#include "dns/rdata.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nameserver {

namespace {

bool within(std::string_view name, std::string_view zone)
{
    return name == zone ||
           (name.ends_with(zone) && name.size() > zone.size() && name[name.size() - zone.size() - 1] == '.');
}

void sort_unique(std::vector<std::string>& texts)
{
    std::ranges::sort(texts);
    texts.erase(std::ranges::unique(texts).begin(), texts.end());
}

void add_glue(DelegationReport& report, const model::NameServer& server, dns::RecordType type)
{
    DelegationRecord record{server.name, type, {}, {}, model::RecordStatus::unknown, {}};
    for (const auto& text : server.addresses) {
        boost::system::error_code ignored;
        const auto address = boost::asio::ip::make_address(text, ignored);
        if (!ignored && address.is_v6() == (type == dns::RecordType::aaaa)) {
            record.expected.push_back(address.to_string());
        }
    }
    if (!record.expected.empty()) {
        sort_unique(record.expected);
        report.records.push_back(std::move(record));
    }
}

void judge(DelegationRecord& record)
{
    if (record.found.empty()) {
        record.status = model::RecordStatus::missing;
        record.why = "create it";
        return;
    }
    std::vector<std::string> absent;
    std::vector<std::string> extra;
    std::ranges::set_difference(record.expected, record.found, std::back_inserter(absent));
    std::ranges::set_difference(record.found, record.expected, std::back_inserter(extra));
    record.status = absent.empty() && extra.empty() ? model::RecordStatus::ok : model::RecordStatus::wrong;
    if (!absent.empty()) {
        record.why = fmt::format("add {}", fmt::join(absent, ", "));
    }
    if (!extra.empty()) {
        record.why += fmt::format("{}remove {}", record.why.empty() ? "" : "; ", fmt::join(extra, ", "));
    }
}

base::Task<DelegationRecord> look_up(DelegationRecord record, dns::Resolver& resolver)
{
    auto lookup = co_await resolver.lookup(record.name, record.type);
    if (!lookup) {
        record.why = lookup.error().message();
        co_return record;
    }
    if (lookup->rcode == dns::Rcode::servfail) {
        const bool delegated = record.type == dns::RecordType::ns;
        record.status = model::RecordStatus::unknown;
        record.why =
            delegated ? "the zone's servers do not answer: is port 53 (UDP and TCP) open from the Internet?"
                      : lookup->why;
        co_return record;
    }
    record.found = std::move(lookup->records);
    sort_unique(record.found);
    judge(record);
    co_return record;
}

constexpr std::size_t servers_to_try = 3;

// A server of the zone that holds the delegation of `apex`: the nearest ancestor with name servers.
base::Task<std::vector<std::string>> servers_of_parent(std::string apex, dns::Resolver& resolver)
{
    for (auto dot = apex.find('.'); dot != std::string::npos; dot = apex.find('.')) {
        apex.erase(0, dot + 1);
        CO_TRY(servers, co_await resolver.lookup(apex, dns::RecordType::ns));
        if (servers.exists()) {
            co_return std::move(servers.records);
        }
    }
    co_return base::fail(base::Errc::not_found, "the parent zone has no name servers");
}

// What the parent says about `apex`: its referral, or an answer when the same server has both zones.
base::Task<dns::Message> ask_parent(std::string apex, dns::Resolver& resolver, std::uint16_t port)
{
    CO_TRY(servers, co_await servers_of_parent(apex, resolver));
    dns::Query query;
    CO_TRY(name, dns::Name::parse(apex));
    query.name = name;
    query.type = dns::RecordType::ns;
    for (std::size_t i = 0; i < std::min(servers.size(), servers_to_try); ++i) {
        CO_TRY(addresses, co_await resolver.lookup(servers[i], dns::RecordType::a));
        for (const auto& text : addresses.records) {
            boost::system::error_code bad;
            const boost::asio::ip::tcp::endpoint server(boost::asio::ip::make_address(text, bad), port);
            auto reply = co_await dns::ask(server, query);
            if (reply && (reply->rcode == dns::Rcode::noerror || reply->rcode == dns::Rcode::nxdomain)) {
                co_return reply;
            }
        }
    }
    co_return base::fail(base::Errc::unavailable, "no server of the parent zone answered");
}

void collect(const std::vector<dns::Record>& section, DelegationRecord& record)
{
    const auto owner = dns::Name::parse(record.name);
    for (const auto& each : section) {
        if (owner && each.type == record.type && each.name == *owner) {
            record.found.push_back(dns::plain_text(each.type, each.data));
        }
    }
}

void compare(DelegationRecord& record, const dns::Message& referral)
{
    collect(referral.answers, record);
    collect(referral.authorities, record);
    collect(referral.additionals, record);
    sort_unique(record.found);
    judge(record);
}

std::string_view text_of(model::RecordStatus status)
{
    switch (status) {
        case model::RecordStatus::ok:
            return "ok";
        case model::RecordStatus::missing:
            return "missing";
        case model::RecordStatus::wrong:
            return "wrong";
        case model::RecordStatus::conflict:
            return "conflict";
        case model::RecordStatus::unknown:
            break;
    }
    return "unknown";
}

}  // namespace

bool DelegationReport::ok() const
{
    return std::ranges::all_of(records,
                               [](const auto& each) { return each.status == model::RecordStatus::ok; });
}

bool DelegationReport::unknown() const
{
    const auto fine = [](const auto& each) {
        return each.status == model::RecordStatus::ok || each.status == model::RecordStatus::unknown;
    };
    return !ok() && std::ranges::all_of(records, fine);
}

DelegationReport wanted_at_registrar(const model::Zone& zone)
{
    DelegationReport report;
    DelegationRecord delegation{zone.apex, dns::RecordType::ns, {}, {}, model::RecordStatus::unknown, {}};
    for (const auto& server : zone.name_servers) {
        delegation.expected.push_back(server.name);
    }
    sort_unique(delegation.expected);
    report.records.push_back(std::move(delegation));
    for (const auto& server : zone.name_servers) {
        if (within(server.name, zone.apex)) {
            add_glue(report, server, dns::RecordType::a);
            add_glue(report, server, dns::RecordType::aaaa);
        }
    }
    return report;
}

boost::asio::awaitable<DelegationReport> check_registrar(model::Zone zone, dns::Resolver& resolver,
                                                         std::uint16_t port)
{
    DelegationReport report = wanted_at_registrar(zone);
    const auto referral = co_await ask_parent(zone.apex, resolver, port);
    for (auto& record : report.records) {
        if (referral) {
            compare(record, *referral);
            continue;
        }
        auto looked_up = co_await look_up(record, resolver);
        if (looked_up) {
            record = std::move(*looked_up);
        }
    }
    co_return report;
}

std::string to_table(const DelegationReport& report)
{
    std::size_t names = 4;
    for (const auto& record : report.records) {
        names = std::max(names, record.name.size());
    }
    std::string table = fmt::format("{:<{}}  TYPE  STATUS   VALUE\n", "NAME", names);
    for (const auto& record : report.records) {
        table += fmt::format("{:<{}}  {:<4}  {:<7}  {}\n", record.name, names, dns::to_string(record.type),
                             text_of(record.status), fmt::join(record.expected, ", "));
        if (!record.found.empty() && record.status != model::RecordStatus::ok) {
            table += fmt::format("{:<{}}  found: {}\n", "", names, fmt::join(record.found, ", "));
        }
        if (!record.why.empty()) {
            table += fmt::format("{:<{}}  {}\n", "", names, record.why);
        }
    }
    return table;
}

}  // namespace nameserver
