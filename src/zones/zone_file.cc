#include "zones/zone_file.h"

#include "dns/master_file.h"
#include "dns/rdata.h"
#include "zones/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace zones {

namespace {

using dns::RecordType;

constexpr std::size_t most_problems = 20;

struct Collected {
    model::RecordSet set;
    std::size_t line = 0;
};

// By name in canonical order, then by type.
using Sets = std::map<std::pair<base::Bytes, std::uint16_t>, Collected>;

class ZoneFile {
public:
    explicit ZoneFile(model::Zone zone) { content_.zone = std::move(zone); }

    base::Result<Content> read(std::string_view text)
    {
        dns::MasterOptions options;
        TRY(origin, dns::Name::parse(content_.zone.apex));
        options.origin = origin;
        const auto file = dns::read_master_file(text, options);
        problems_ = file.problems;
        for (const auto& each : file.records) {
            take(each);
        }
        check();
        if (!problems_.empty()) {
            return base::fail(refusal());
        }
        if (!servers_.empty()) {
            content_.zone.name_servers = std::move(servers_);
        }
        for (auto& [place, collected] : sets_) {
            model::canonicalise(collected.set);
            content_.sets.push_back(std::move(collected.set));
        }
        return std::move(content_);
    }

private:
    void add_problem(std::size_t line, std::string message)
    {
        problems_.push_back({line, std::move(message)});
    }

    void take(const dns::MasterRecord& each)
    {
        const auto& record = each.record;
        const std::string name = record.name.lower().text();
        if (record.type == RecordType::soa) {
            return take_soa(each, name);
        }
        if (record.type == RecordType::ns && name == content_.zone.apex) {
            return take_server(record);
        }
        const auto number = static_cast<std::uint16_t>(record.type);
        auto& collected = sets_[{model::canonical_place(name), number}];
        auto& set = collected.set;
        if (set.values.empty()) {
            set = {content_.zone.apex, name, number, record.ttl, {}};
            collected.line = each.line;
        }
        if (set.ttl != record.ttl) {
            add_problem(each.line,
                        fmt::format("{} {}: all records of a set have one TTL, and the one in line {} "
                                    "has {}",
                                    name, dns::to_string(record.type), collected.line, set.ttl));
        }
        set.values.push_back(record.data);
    }

    void take_soa(const dns::MasterRecord& each, const std::string& name)
    {
        auto& zone = content_.zone;
        if (name != zone.apex || soa_line_ != 0) {
            return add_problem(each.line, soa_line_ != 0
                                              ? "there is a second SOA"
                                              : fmt::format("the SOA is of {}, not of {}", name, zone.apex));
        }
        soa_line_ = each.line;
        dns::Reader reader(each.record.data);
        zone.primary = reader.name().lower().text();
        zone.hostmaster = reader.name().lower().text();
        static_cast<void>(reader.u32());  // The serial is our own.
        zone.refresh = reader.u32();
        zone.retry = reader.u32();
        zone.expire = reader.u32();
        zone.negative_ttl = reader.u32();
        zone.apex_ttl = each.record.ttl;
    }

    // Addresses that were given for a server stay.
    void take_server(const dns::Record& record)
    {
        dns::Reader reader(record.data);
        model::NameServer server{reader.name().lower().text(), {}};
        for (const auto& known : content_.zone.name_servers) {
            if (known.name == server.name) {
                server.addresses = known.addresses;
            }
        }
        if (std::ranges::find(servers_, server.name, &model::NameServer::name) == servers_.end()) {
            servers_.push_back(std::move(server));
        }
    }

    void check()
    {
        std::vector<model::RecordSet> at_name;
        for (const auto& [place, collected] : sets_) {
            if (!at_name.empty() && at_name.front().name != collected.set.name) {
                at_name.clear();
            }
            if (const auto good = check_set(collected.set); !good) {
                add_problem(collected.line, good.error().message());
            } else if (const auto fits = check_beside(collected.set, at_name); !fits) {
                add_problem(collected.line, fits.error().message());
            }
            at_name.push_back(collected.set);
        }
    }

    base::Error refusal()
    {
        std::ranges::sort(problems_, {}, &dns::MasterProblem::line);
        std::string message = fmt::format("the zone file of {} has {} that cannot be taken",
                                          content_.zone.apex, problems_.size() == 1 ? "a line" : "lines");
        for (std::size_t i = 0; i < std::min(problems_.size(), most_problems); ++i) {
            message +=
                fmt::format("{} line {}: {}", i == 0 ? ":" : ";", problems_[i].line, problems_[i].message);
        }
        return base::Error(base::Errc::invalid, std::move(message))
            .with_code("zone_file_invalid")
            .with_fix("Correct these lines and import the file again; nothing was changed.");
    }

    Content content_;
    std::vector<model::NameServer> servers_;
    std::size_t soa_line_ = 0;
    Sets sets_;
    std::vector<dns::MasterProblem> problems_;
};

dns::Name name_of(std::string_view text)
{
    const auto name = dns::Name::parse(text);
    return name ? *name : dns::Name();
}

}  // namespace

base::Result<Content> read_zone_file(model::Zone zone, std::string_view text)
{
    return ZoneFile(std::move(zone)).read(text);
}

std::string write_zone_head(const model::Zone& zone, std::uint32_t serial)
{
    const auto primary = !zone.primary.empty()       ? zone.primary
                         : zone.name_servers.empty() ? zone.apex
                                                     : zone.name_servers.front().name;
    std::string text =
        fmt::format("{}. {} IN SOA {}. {}. {} {} {} {} {}\n", zone.apex, zone.apex_ttl, primary,
                    zone.hostmaster, serial, zone.refresh, zone.retry, zone.expire, zone.negative_ttl);
    for (const auto& server : zone.name_servers) {
        text += fmt::format("{}. {} IN NS {}.\n", zone.apex, zone.apex_ttl, server.name);
    }
    return text;
}

std::string write_set(const model::RecordSet& set)
{
    std::string text;
    for (const auto& value : set.values) {
        text += dns::master_line(
            {name_of(set.name), static_cast<RecordType>(set.type), dns::class_in, set.ttl, value});
        text += '\n';
    }
    return text;
}

Difference difference(const std::vector<model::RecordSet>& before, const std::vector<model::RecordSet>& after)
{
    using Key = std::tuple<std::string, std::uint16_t>;
    std::map<Key, const model::RecordSet*> known;
    for (const auto& set : before) {
        known[{set.name, set.type}] = &set;
    }
    Difference made;
    for (const auto& set : after) {
        const auto found = known.find({set.name, set.type});
        if (found == known.end()) {
            made.added.push_back(set);
            continue;
        }
        if (*found->second != set) {
            made.changed.push_back({*found->second, set});
        }
        known.erase(found);
    }
    for (const auto& set : before) {
        if (known.contains({set.name, set.type})) {
            made.removed.push_back(set);
        }
    }
    return made;
}

}  // namespace zones
