#include "zones/stored/zones.h"

#include "dns/rdata.h"
#include "zones/rules.h"
#include "zones/stored/put.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace zones {

namespace {

using base::Errc;
using base::Error;

constexpr std::size_t sets_at_once = 1'000;
constexpr std::size_t most_servers = 16;

Error zone_invalid(std::string message)
{
    return Error(Errc::invalid, std::move(message)).with_code("zone_invalid");
}

Error configured(const std::string& apex)
{
    return Error(Errc::conflict, fmt::format("the zone {} comes from the settings", apex))
        .with_code("zone_configured")
        .with_fix("Write its records one by one: certwright record set.");
}

// What a caller may not see does not exist for it.
base::Result<model::Zone> visible_zone(store::Transaction& tx, const Caller& caller, const std::string& apex)
{
    auto zone = find_zone(tx, apex);
    if (zone && !caller.may_see(zone->tenant)) {
        return find_zone(tx, "." + apex);  // which is none
    }
    return zone;
}

base::Result<> check_servers(std::vector<model::NameServer>& servers)
{
    if (servers.size() > most_servers) {
        return base::fail(zone_invalid(fmt::format("a zone has at most {} name servers", most_servers)));
    }
    for (auto& server : servers) {
        auto name = canonical_name(server.name);
        if (!name) {
            return base::fail(
                zone_invalid(fmt::format("'{}' is not the name of a server", server.name.substr(0, 80))));
        }
        server.name = std::move(*name);
        for (const auto& text : server.addresses) {
            boost::system::error_code failure;
            static_cast<void>(boost::asio::ip::make_address(text, failure));
            if (failure) {
                return base::fail(zone_invalid(fmt::format("'{}' is not an IP address", text.substr(0, 60))));
            }
        }
    }
    return {};
}

// "hostmaster@shop.test" becomes hostmaster.shop.test (RFC 1035 8).
base::Result<std::string> mailbox_name(const std::string& text, const std::string& apex)
{
    if (text.empty()) {
        return "hostmaster." + apex;
    }
    const auto at = text.find('@');
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        name += i < at && at != std::string::npos && text[i] == '.'
                    ? "\\."
                    : std::string(1, text[i] == '@' ? '.' : text[i]);
    }
    auto canonical = canonical_name(name);
    return canonical ? canonical
                     : base::fail(zone_invalid(fmt::format("'{}' is not a mailbox", text.substr(0, 80))));
}

base::Result<model::Zone> zone_from(const NewZone& wanted)
{
    const auto apex = model::DomainName::parse(wanted.apex);
    if (!apex || apex->wildcard()) {
        return base::fail(zone_invalid(fmt::format("'{}' cannot be a zone", wanted.apex.substr(0, 80))));
    }
    model::Zone zone;
    zone.apex = apex->text();
    zone.kind = model::ZoneKind::fixed;
    zone.tenant = wanted.tenant.empty() ? model::own_tenant : wanted.tenant;
    zone.name_servers = wanted.name_servers;
    CHECKED(check_servers(zone.name_servers));
    TRY(hostmaster, mailbox_name(wanted.hostmaster, zone.apex));
    zone.hostmaster = hostmaster;
    zone.negative_ttl = 300;
    return zone;
}

// Those of the platform, as names: their addresses are in the platform's zone.
base::Result<> take_platform_servers(store::Transaction& tx, model::Zone& zone)
{
    TRY(zones, tx.groups.zones());
    for (const auto& each : zones) {
        if (each.kind == model::ZoneKind::platform && zone.name_servers.empty()) {
            for (const auto& server : each.name_servers) {
                zone.name_servers.push_back({server.name, {}});
            }
        }
    }
    return zone.name_servers.empty()
               ? base::fail(zone_invalid(fmt::format("{} needs name servers", zone.apex))
                                .with_fix("Give them: --ns ns1.example.net."))
               : base::Result<>();
}

base::Result<Summary> summary_of(store::Transaction& tx, model::Zone zone)
{
    TRY(sets, tx.records.count(zone.apex));
    TRY(head, tx.revisions.head());
    return Summary{std::move(zone), sets, static_cast<std::uint32_t>(head.number)};
}

// Of servers for which the zone itself names none.
base::Result<> add_glue(store::Transaction& tx, model::Zone& zone)
{
    for (auto& server : zone.name_servers) {
        if (!server.addresses.empty()) {
            continue;
        }
        TRY(sets, tx.records.of_name(server.name));
        for (const auto& set : sets) {
            const auto type = static_cast<dns::RecordType>(set.type);
            if (set.zone != zone.apex || (type != dns::RecordType::a && type != dns::RecordType::aaaa)) {
                continue;
            }
            for (const auto& value : set.values) {
                server.addresses.push_back(dns::data_text(type, value));
            }
        }
    }
    return {};
}

base::Result<Added> add_zone(store::Transaction& tx, const NewZone& wanted)
{
    TRY(zone, zone_from(wanted));
    CHECKED(tx.tenants.get(zone.tenant));
    CHECKED(take_platform_servers(tx, zone));
    Added added;
    const auto existing = tx.groups.zone(zone.apex);
    if (existing && *existing == zone) {
        TRY(summary, summary_of(tx, zone));
        return Added{std::move(summary), false};
    }
    if (existing) {
        return base::fail(Error(Errc::conflict, fmt::format("there is a zone {} already", zone.apex))
                              .with_code("zone_exists")
                              .with_fix("Change its records, or import a file into it."));
    }
    if (existing.error().kind() != Errc::not_found) {
        return base::fail(existing.error());
    }
    CHECKED(tx.groups.put_zone(zone));
    tx.revisions.append(model::RevisionKind::zone, zone.apex);
    TRY(summary, summary_of(tx, std::move(zone)));
    return Added{std::move(summary), true};
}

base::Result<std::vector<model::RecordSet>> all_sets(store::Transaction& tx, const std::string& apex)
{
    std::vector<model::RecordSet> sets;
    std::string after;
    do {
        TRY(page, tx.records.of_zone(apex, after, sets_at_once));
        sets.insert(sets.end(), std::make_move_iterator(page.items.begin()),
                    std::make_move_iterator(page.items.end()));
        after = page.next;
    } while (!after.empty());
    return sets;
}

// What clients of protocols wrote is only replaced by sets of the file.
Difference difference_to_file(const std::vector<model::RecordSet>& before,
                              const std::vector<model::RecordSet>& after)
{
    auto made = difference(before, after);
    std::erase_if(made.removed, [](const model::RecordSet& set) { return !set.written_by_people(); });
    return made;
}

base::Result<> carry_out(store::Transaction& tx, const Imported& imported)
{
    if (imported.zone_changed) {
        CHECKED(tx.groups.put_zone(imported.zone));
        tx.revisions.append(model::RevisionKind::zone, imported.zone.apex);
    }
    for (const auto& set : imported.difference.removed) {
        CHECKED(tx.records.remove(set.zone, set.name, set.type));
    }
    for (const auto& set : imported.difference.added) {
        CHECKED(tx.records.put(set));
    }
    for (const auto& change : imported.difference.changed) {
        CHECKED(tx.records.put(change.after));
    }
    return {};
}

base::Result<Imported> import_into(store::Transaction& tx, const std::string& apex, const std::string& text,
                                   bool preview)
{
    TRY(zone, find_zone(tx, apex));
    if (zone.kind != model::ZoneKind::fixed) {
        return base::fail(configured(apex));
    }
    TRY(content, read_zone_file(zone, text));
    TRY(before, all_sets(tx, apex));
    Imported imported{content.zone, content.zone != zone, difference_to_file(before, content.sets)};
    for (const auto& set : before) {
        if (!set.written_by_people()) {
            CHECKED(check_beside(set, content.sets));
        }
    }
    if (!preview) {
        CHECKED(carry_out(tx, imported));
    }
    return imported;
}

base::Result<std::string> export_zone(store::Transaction& tx, const Caller& caller, const std::string& apex)
{
    TRY(zone, visible_zone(tx, caller, apex));
    TRY(head, tx.revisions.head());
    TRY(sets, all_sets(tx, apex));
    std::string text = write_zone_head(zone, static_cast<std::uint32_t>(head.number));
    for (const auto& set : sets) {
        text += write_set(set);
    }
    return text;
}

}  // namespace

base::Task<Added> add(store::Store& store, NewZone wanted)
{
    auto write = [wanted = std::move(wanted)](store::Transaction& tx) { return add_zone(tx, wanted); };
    co_return co_await store.write(std::move(write));
}

// Sets in pieces, since they may be many; the zone last, so that a removal that was cut off can be repeated.
base::Task<> remove(store::Store& store, std::string apex)
{
    auto take_away = [apex](store::Transaction& tx) -> base::Result<> {
        TRY(zone, find_zone(tx, apex));
        if (zone.kind != model::ZoneKind::fixed) {
            return base::fail(configured(apex));
        }
        CHECKED(tx.records.clear(apex, sets_at_once));
        TRY(left, tx.records.count(apex));
        if (left == 0) {
            CHECKED(tx.groups.remove_zone(apex));
            tx.revisions.append(model::RevisionKind::zone, apex);
        }
        return {};
    };
    while (true) {
        auto removed = co_await store.write(take_away);
        if (!removed) {
            co_return base::fail(std::move(removed).error());
        }
        auto there = [apex](store::Transaction& tx) { return tx.groups.zone(apex); };
        const auto zone = co_await store.read(std::move(there));
        if (!zone) {
            co_return zone.error().kind() == Errc::not_found ? base::Result<>() : base::fail(zone.error());
        }
    }
}

base::Task<std::vector<model::Zone>> list(store::Store& store, Caller caller)
{
    auto read = [](store::Transaction& tx) { return tx.groups.zones(); };
    CO_TRY(zones, co_await store.read(std::move(read)));
    std::erase_if(zones, [&caller](const model::Zone& zone) { return !caller.may_see(zone.tenant); });
    co_return std::move(zones);
}

base::Task<Summary> get(store::Store& store, Caller caller, std::string apex)
{
    auto read = [caller, apex](store::Transaction& tx) -> base::Result<Summary> {
        TRY(zone, visible_zone(tx, caller, apex));
        return summary_of(tx, std::move(zone));
    };
    co_return co_await store.read(std::move(read));
}

base::Task<model::Zone> with_glue(store::Store& store, Caller caller, std::string apex)
{
    auto read = [caller, apex](store::Transaction& tx) -> base::Result<model::Zone> {
        TRY(zone, visible_zone(tx, caller, apex));
        CHECKED(add_glue(tx, zone));
        return zone;
    };
    co_return co_await store.read(std::move(read));
}

base::Task<Imported> import_file(store::Store& store, std::string apex, std::string text, bool preview)
{
    auto work = [apex, text, preview](store::Transaction& tx) {
        return import_into(tx, apex, text, preview);
    };
    if (preview) {
        co_return co_await store.read(std::move(work));
    }
    co_return co_await store.write(std::move(work));
}

base::Task<std::string> export_file(store::Store& store, Caller caller, std::string apex)
{
    auto read = [caller, apex](store::Transaction& tx) { return export_zone(tx, caller, apex); };
    co_return co_await store.read(std::move(read));
}

base::Task<store::Page<model::RecordSet>> records(store::Store& store, Caller caller, Listing listing)
{
    auto read = [caller, listing](store::Transaction& tx) -> base::Result<store::Page<model::RecordSet>> {
        CHECKED(visible_zone(tx, caller, listing.apex));
        if (listing.name.empty()) {
            return tx.records.of_zone(listing.apex, listing.after, listing.limit);
        }
        TRY(name, canonical_name(listing.name));
        TRY(sets, tx.records.of_name(name));
        std::erase_if(sets, [&listing](const model::RecordSet& set) { return set.zone != listing.apex; });
        return store::Page<model::RecordSet>{std::move(sets), ""};
    };
    co_return co_await store.read(std::move(read));
}

base::Task<Put> put(store::Store& store, Caller caller, model::RecordSet set)
{
    model::canonicalise(set);
    auto write = [caller, set](store::Transaction& tx) -> base::Result<Put> {
        CHECKED(visible_zone(tx, caller, set.zone));
        TRY(there, tx.records.of_name(set.name));
        const bool known = std::ranges::any_of(there, [&set](const model::RecordSet& each) {
            return each.zone == set.zone && each.type == set.type;
        });
        TRY(changed, put_checked(tx, set));
        return Put{set, !known, changed};
    };
    co_return co_await store.write(std::move(write));
}

base::Task<> remove_set(store::Store& store, Caller caller, model::RecordSet set)
{
    auto write = [caller, set](store::Transaction& tx) -> base::Result<> {
        CHECKED(visible_zone(tx, caller, set.zone));
        TRY(removed, tx.records.remove(set.zone, set.name, set.type));
        if (!removed) {
            return base::fail(Error(Errc::not_found, fmt::format("{} has no such records", set.name))
                                  .with_code("record_not_found")
                                  .with_fix(fmt::format("See: certwright record list {}", set.zone)));
        }
        return {};
    };
    co_return co_await store.write(std::move(write));
}

base::Task<std::size_t> remove_expired(store::Store& store, const base::Clock& clock)
{
    auto expire = [now = clock.now()](store::Transaction& tx) {
        return tx.records.expire(now, sets_at_once);
    };
    co_return co_await store.write(std::move(expire));
}

}  // namespace zones
