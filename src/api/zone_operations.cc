// /v1/zones: zones and their records.
#include "api/field_reader.h"
#include "api/views.h"
#include "dns/rdata.h"
#include "zones/rules.h"
#include "zones/stored/zones.h"

#include <charconv>

namespace api {

namespace {

constexpr std::size_t largest_file = 32UL * 1024 * 1024;
constexpr std::int64_t most_items = 1'000;

json::object view_of(const model::RecordSet& set)
{
    const auto type = static_cast<dns::RecordType>(set.type);
    json::array values;
    for (const auto& value : set.values) {
        values.emplace_back(dns::data_text(type, value));
    }
    return {{"name", set.name},
            {"type", dns::to_string(type)},
            {"ttl", set.ttl},
            {"values", std::move(values)},
            {"source", set.source.empty() ? json::value(nullptr) : json::value(set.source)},
            {"expires_at", time_or_null(set.expires_at)}};
}

json::array views_of(const std::vector<model::RecordSet>& sets)
{
    json::array made;
    for (const auto& set : sets) {
        made.push_back(view_of(set));
    }
    return made;
}

json::object view_of(const model::Zone& zone)
{
    json::array servers;
    for (const auto& server : zone.name_servers) {
        json::array addresses;
        for (const auto& address : server.addresses) {
            addresses.emplace_back(address);
        }
        servers.push_back(json::object{{"name", server.name}, {"addresses", std::move(addresses)}});
    }
    return {{"name", zone.apex},
            {"kind", model::to_string(zone.kind)},
            {"tenant", zone.tenant},
            {"name_servers", std::move(servers)},
            {"primary", zone.primary.empty() ? json::value(nullptr) : json::value(zone.primary)},
            {"hostmaster", zone.hostmaster},
            {"refresh", zone.refresh},
            {"retry", zone.retry},
            {"expire", zone.expire},
            {"negative_ttl", zone.negative_ttl},
            {"ttl", zone.apex_ttl}};
}

json::object view_of(const zones::Summary& summary)
{
    auto made = view_of(summary.zone);
    made["record_sets"] = summary.sets;
    made["serial"] = summary.serial;
    return made;
}

json::object view_of(const zones::Imported& imported, bool preview)
{
    json::array changed;
    for (const auto& change : imported.difference.changed) {
        changed.push_back(json::object{{"before", view_of(change.before)}, {"after", view_of(change.after)}});
    }
    return {{"zone", view_of(imported.zone)},
            {"preview", preview},
            {"zone_changed", imported.zone_changed},
            {"added", views_of(imported.difference.added)},
            {"removed", views_of(imported.difference.removed)},
            {"changed", std::move(changed)}};
}

json::object view_of(const ZoneReport& report)
{
    json::array delegation;
    for (const auto& each : report.delegation) {
        delegation.push_back(
            json::object{{"record", each.record}, {"state", each.state}, {"problem", each.problem}});
    }
    json::array servers;
    for (const auto& each : report.servers) {
        servers.push_back(
            json::object{{"name", each.name},
                         {"address", each.address},
                         {"transport", each.transport},
                         {"serial", each.serial ? json::value(*each.serial) : json::value(nullptr)},
                         {"ok", each.ok},
                         {"problem", each.problem}});
    }
    return {{"zone", report.zone},
            {"ok", report.ok},
            {"delegation", std::move(delegation)},
            {"servers", std::move(servers)}};
}

// "ns1.shop.test", or with addresses: "ns1.shop.test=192.0.2.1,2001:db8::1".
model::NameServer server_from(const std::string& text)
{
    const auto equals = text.find('=');
    model::NameServer server{text.substr(0, equals), {}};
    std::size_t at = equals == std::string::npos ? text.size() : equals + 1;
    while (at < text.size()) {
        const auto comma = std::min(text.find(',', at), text.size());
        server.addresses.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return server;
}

base::Result<std::string> zone_of(const Call& call)
{
    return zones::canonical_name(call.parameter("zone"));
}

base::Task<Answer> add(Parts parts, Call call)
{
    FieldReader reader(call.body);
    zones::NewZone wanted;
    wanted.apex = reader.required_text("name");
    wanted.tenant = reader.text("tenant").value_or("");
    wanted.hostmaster = reader.text("hostmaster").value_or("");
    for (const auto& each : reader.texts("name_servers").value_or(std::vector<std::string>())) {
        wanted.name_servers.push_back(server_from(each));
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(added, co_await zones::add(parts.store, std::move(wanted)));
    co_return Answer(added.created ? 201 : 200, view_of(added.summary));
}

base::Task<Answer> list(Parts parts, Call call)
{
    CO_TRY(found, co_await zones::list(parts.store, call.access.caller));
    json::array items;
    for (const auto& zone : found) {
        items.push_back(view_of(zone));
    }
    co_return Answer(200, json::object{{"items", std::move(items)}, {"next", nullptr}});
}

base::Task<Answer> show(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    CO_TRY(summary, co_await zones::get(parts.store, call.access.caller, apex));
    co_return Answer(200, view_of(summary));
}

base::Task<Answer> remove(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    CO_CHECKED(co_await zones::remove(parts.store, apex));
    co_return Answer(204, nullptr);
}

base::Task<Answer> import_file(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    FieldReader reader(call.body);
    auto text = reader.required_text("file");
    const bool preview = reader.flag("preview").value_or(false);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(imported, co_await zones::import_file(parts.store, apex, std::move(text), preview));
    co_return Answer(200, view_of(imported, preview));
}

base::Task<Answer> export_file(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    CO_TRY(text, co_await zones::export_file(parts.store, call.access.caller, apex));
    co_return Answer(200, json::object{{"name", apex}, {"file", text}});
}

base::Task<Answer> check(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    CO_TRY(zone, co_await zones::with_glue(parts.store, call.access.caller, apex));
    CO_TRY(report, co_await parts.facts.check_zone(std::move(zone)));
    co_return Answer(200, view_of(report));
}

base::Task<Answer> list_records(Parts parts, Call call)
{
    CO_TRY(apex, zone_of(call));
    FieldReader reader(call.query);
    zones::Listing listing;
    listing.apex = apex;
    listing.name = reader.text("name").value_or("");
    listing.after = reader.text("after").value_or("");
    listing.limit = static_cast<std::size_t>(reader.number("limit", 1, most_items).value_or(100));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(found, co_await zones::records(parts.store, call.access.caller, std::move(listing)));
    co_return Answer(
        200, json::object{{"items", views_of(found.items)},
                          {"next", found.next.empty() ? json::value(nullptr) : json::value(found.next)}});
}

// The set that the path names, without values.
base::Result<model::RecordSet> set_of(const Call& call)
{
    model::RecordSet set;
    TRY(apex, zone_of(call));
    TRY(name, zones::canonical_name(call.parameter("name")));
    auto type = dns::record_type_from(call.parameter("type"));
    if (!type) {
        return base::fail(std::move(type).error().with_code("record_invalid"));
    }
    set.zone = apex;
    set.name = name;
    set.type = static_cast<std::uint16_t>(*type);
    return set;
}

base::Task<Answer> put_records(Parts parts, Call call)
{
    CO_TRY(set, set_of(call));
    FieldReader reader(call.body);
    const auto type = static_cast<dns::RecordType>(set.type);
    set.ttl = static_cast<std::uint32_t>(reader.number("ttl", 0, zones::longest_ttl).value_or(set.ttl));
    for (const auto& text : reader.texts("values").value_or(std::vector<std::string>())) {
        auto value = dns::parse_data(type, text);
        if (!value) {
            reader.add_problem("values", value.error().message());
        } else {
            set.values.push_back(std::move(*value));
        }
    }
    if (!call.body.contains("values")) {
        reader.add_problem("values", "is missing");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(put, co_await zones::put(parts.store, call.access.caller, std::move(set)));
    co_return Answer(put.created ? 201 : 200, view_of(put.set));
}

base::Task<Answer> remove_records(Parts parts, Call call)
{
    CO_TRY(set, set_of(call));
    CO_CHECKED(co_await zones::remove_set(parts.store, call.access.caller, std::move(set)));
    co_return Answer(204, nullptr);
}

}  // namespace

std::vector<Operation> zone_operations()
{
    constexpr std::string_view one = "/v1/zones/{zone}";
    constexpr std::string_view set = "/v1/zones/{zone}/records/{name}/{type}";
    return {
        {"POST", "/v1/zones", Scope::admin, true, add},
        {"GET", "/v1/zones", Scope::read, false, list},
        {"GET", one, Scope::read, false, show},
        {"DELETE", one, Scope::admin, true, remove},
        {"POST", "/v1/zones/{zone}/import", Scope::admin, true, import_file, largest_file},
        {"GET", "/v1/zones/{zone}/file", Scope::read, false, export_file},
        {"GET", "/v1/zones/{zone}/check", Scope::read, false, check},
        {"GET", "/v1/zones/{zone}/records", Scope::read, false, list_records},
        {"PUT", set, Scope::write, false, put_records},
        {"DELETE", set, Scope::write, false, remove_records},
    };
}

}  // namespace api
