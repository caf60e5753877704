#include "nameserver/registrar_check.h"

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

boost::asio::awaitable<DelegationReport> check_registrar(model::Zone zone, dns::Resolver& resolver)
{
    DelegationReport report = wanted_at_registrar(zone);
    for (auto& record : report.records) {
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
