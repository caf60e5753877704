// For tests and fuzzing: a small platform as the feed would tell it.
#pragma once

#include "dns/rdata.h"
#include "feed/entries.h"

#include <string>
#include <utility>
#include <vector>

namespace nameserver::sample {

inline constexpr base::Time now{std::chrono::milliseconds(1'800'000'000'000)};

inline feed::Change alias(std::string name, std::string group = "default")
{
    return {model::RevisionKind::alias, std::move(name), feed::AliasEntry{std::move(group)}};
}

inline feed::Change txt(std::string name, std::vector<std::string> values,
                        base::Time expires_at = now + std::chrono::hours(1))
{
    feed::TxtEntry entry;
    for (auto& value : values) {
        entry.values.push_back({std::move(value), expires_at});
    }
    return {model::RevisionKind::txt, std::move(name), std::move(entry)};
}

inline feed::Change group(std::string name, std::vector<std::string> addresses)
{
    model::EdgeGroup entry;
    entry.name = name;
    entry.addresses = std::move(addresses);
    return {model::RevisionKind::group, std::move(name), std::move(entry)};
}

inline feed::Change zone(std::string apex, std::string apex_group = {})
{
    model::Zone entry;
    entry.apex = apex;
    entry.name_servers = {{"ns1.platform.test", {"192.0.2.53", "2001:db8::53"}}, {"ns2.elsewhere.test", {}}};
    entry.hostmaster = "hostmaster.platform.test";
    entry.group = std::move(apex_group);
    return {model::RevisionKind::zone, std::move(apex), std::move(entry)};
}

// One set: "MX", {"10 mail.shop.test"}.
inline model::RecordSet set(std::string zone, std::string name, std::string_view type,
                            const std::vector<std::string>& values, std::uint32_t ttl = 300)
{
    model::RecordSet made;
    made.zone = std::move(zone);
    made.name = std::move(name);
    made.ttl = ttl;
    const auto number = dns::record_type_from(type).value();
    made.type = static_cast<std::uint16_t>(number);
    for (const auto& text : values) {
        made.values.push_back(dns::parse_data(number, text).value());
    }
    return made;
}

// All that stands at one name.
inline feed::Change records(std::vector<model::RecordSet> sets)
{
    auto name = sets.at(0).name;
    return {model::RevisionKind::records, std::move(name), feed::RecordsEntry{std::move(sets)}};
}

inline feed::Change gone(model::RevisionKind kind, std::string key)
{
    return {kind, std::move(key), std::nullopt};
}

// A platform zone, the challenge zone below it, two aliases, a wildcard, challenges.
inline std::vector<feed::Change> platform()
{
    return {
        zone("platform.test", "default"),
        zone("acme.platform.test"),
        group("default", {"192.0.2.10", "192.0.2.11", "2001:db8::10"}),
        group("only-v4", {"192.0.2.20"}),
        alias("k7q.platform.test"),
        alias("v4.platform.test", "only-v4"),
        alias("*.pool.platform.test", "only-v4"),
        alias("a.b.c.platform.test"),
        txt("_acme-challenge.platform.test", {"first", "second"}),
        txt("k7q.acme.platform.test", {"proof"}),
        txt("old.acme.platform.test", {"stale"}, now - std::chrono::seconds(1)),
    };
}

inline feed::Batch batch(std::vector<feed::Change> changes, std::int64_t number = 42, bool snapshot = false)
{
    feed::Batch made;
    made.position = {"epoch", number};
    made.snapshot = snapshot;
    made.changes = std::move(changes);
    return made;
}

}  // namespace nameserver::sample
