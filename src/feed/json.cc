#include "feed/json.h"

#include <boost/json.hpp>

namespace feed {

namespace {

namespace json = boost::json;

json::array to_array(const std::vector<std::string>& texts)
{
    json::array array;
    for (const auto& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

json::object to_object(const model::Redirect& redirect)
{
    return {{"to", redirect.to}, {"status", redirect.status}, {"keep_path", redirect.keep_path}};
}

json::object to_object(const model::Forwarding& forwarding)
{
    return {{"more_upstreams", to_array(forwarding.more_upstreams)},
            {"connect", forwarding.connect.count()},
            {"answer", forwarding.answer.count()},
            {"idle", forwarding.idle.count()},
            {"proxy_protocol", forwarding.proxy_protocol},
            {"health_path", forwarding.health_path}};
}

json::object to_object(const model::Hsts& hsts)
{
    return {{"max_age", hsts.max_age}, {"subdomains", hsts.subdomains}, {"preload", hsts.preload}};
}

json::object to_object(const RouteEntry& entry)
{
    return {{"endpoint", entry.endpoint},
            {"tenant", entry.tenant},
            {"names", to_array(entry.names)},
            {"upstream", entry.upstream},
            {"ip_filter", to_array(entry.ip_filter)},
            {"filter_at", model::to_string(entry.filter_at)},
            {"own_challenges", entry.own_challenges},
            {"forwarding", to_object(entry.forwarding)},
            {"hsts", to_object(entry.hsts)},
            {"plain_http", model::to_string(entry.plain_http)},
            {"certificates", to_array(entry.certificates)},
            {"suspended", entry.suspended},
            {"redirect", to_object(entry.redirect)}};
}

json::object to_object(const CertificateEntry& entry)
{
    return {{"certificate", entry.certificate},
            {"endpoint", entry.endpoint},
            {"identifiers", to_array(entry.identifiers)},
            {"key_type", model::to_string(entry.key_type)},
            {"source", model::to_string(entry.source)},
            {"not_after", base::to_millis(entry.not_after)},
            {"chain_pem", entry.chain_pem},
            {"key_pkcs8", base::to_base64(entry.key_pkcs8)}};
}

json::object to_object(const TokenEntry& entry)
{
    return {{"thumbprint", entry.thumbprint}, {"identifier", entry.identifier}};
}

json::object to_object(const AliasEntry& entry)
{
    return {{"group", entry.group}};
}

json::object to_object(const TxtEntry& entry)
{
    json::array values;
    for (const auto& value : entry.values) {
        values.push_back(
            json::object{{"text", value.text}, {"expires_at", base::to_millis(value.expires_at)}});
    }
    return {{"values", std::move(values)}};
}

json::object to_object(const model::EdgeGroup& entry)
{
    return {{"name", entry.name},
            {"addresses", to_array(entry.addresses)},
            {"default_certificate", entry.default_certificate},
            {"thumbprint", entry.thumbprint},
            {"pool", to_object(entry.pool.redirect)},
            {"pool_labels", entry.pool.labels}};
}

json::object to_object(const model::Zone& entry)
{
    json::array servers;
    for (const auto& server : entry.name_servers) {
        servers.push_back(json::object{{"name", server.name}, {"addresses", to_array(server.addresses)}});
    }
    return {{"apex", entry.apex},
            {"name_servers", std::move(servers)},
            {"hostmaster", entry.hostmaster},
            {"group", entry.group},
            {"negative_ttl", entry.negative_ttl},
            {"kind", model::to_string(entry.kind)},
            {"tenant", entry.tenant},
            {"primary", entry.primary},
            {"refresh", entry.refresh},
            {"retry", entry.retry},
            {"expire", entry.expire},
            {"apex_ttl", entry.apex_ttl}};
}

json::object to_object(const RecordsEntry& entry)
{
    json::array sets;
    for (const auto& set : entry.sets) {
        json::array values;
        for (const auto& value : set.values) {
            values.emplace_back(base::to_base64(value));
        }
        json::object object{{"zone", set.zone},
                            {"name", set.name},
                            {"type", set.type},
                            {"ttl", set.ttl},
                            {"values", std::move(values)},
                            {"source", set.source}};
        if (set.expires_at) {
            object["expires_at"] = base::to_millis(*set.expires_at);
        }
        sets.push_back(std::move(object));
    }
    return {{"sets", std::move(sets)}};
}

// Reads members of one object; a member that is absent or of another type leaves the default.
class Reader {
public:
    explicit Reader(const json::object& object) : object_(object) {}

    bool has(std::string_view name) const { return object_.contains(name); }
    std::uint32_t seconds(std::string_view name, std::uint32_t otherwise) const
    {
        return static_cast<std::uint32_t>(number(name, otherwise));
    }

    std::string text(std::string_view name) const
    {
        const auto* value = object_.if_contains(name);
        const auto* found = value == nullptr ? nullptr : value->if_string();
        return found == nullptr ? std::string() : std::string(*found);
    }
    std::vector<std::string> texts(std::string_view name) const
    {
        std::vector<std::string> found;
        for (const auto& each : array(name)) {
            if (const auto* each_text = each.if_string()) {
                found.emplace_back(*each_text);
            }
        }
        return found;
    }
    bool flag(std::string_view name, bool otherwise) const
    {
        const auto* value = object_.if_contains(name);
        return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
    }
    std::int64_t number(std::string_view name, std::int64_t otherwise = 0) const
    {
        const auto* value = object_.if_contains(name);
        boost::system::error_code error;
        const auto found = value == nullptr ? otherwise : value->to_number<std::int64_t>(error);
        return error ? otherwise : found;
    }
    Reader object(std::string_view name) const
    {
        static const json::object none;
        const auto* value = object_.if_contains(name);
        const auto* found = value == nullptr ? nullptr : value->if_object();
        return Reader(found == nullptr ? none : *found);
    }
    const json::array& array(std::string_view name) const
    {
        static const json::array none;
        const auto* value = object_.if_contains(name);
        const auto* found = value == nullptr ? nullptr : value->if_array();
        return found == nullptr ? none : *found;
    }

private:
    const json::object& object_;
};

model::Redirect redirect_from(const Reader& reader)
{
    model::Redirect redirect;
    redirect.to = reader.text("to");
    redirect.status = static_cast<int>(reader.number("status", redirect.status));
    redirect.keep_path = reader.flag("keep_path", redirect.keep_path);
    return redirect;
}

model::Forwarding forwarding_from(const Reader& reader)
{
    model::Forwarding forwarding;
    forwarding.more_upstreams = reader.texts("more_upstreams");
    forwarding.connect = std::chrono::seconds(reader.number("connect"));
    forwarding.answer = std::chrono::seconds(reader.number("answer"));
    forwarding.idle = std::chrono::seconds(reader.number("idle"));
    forwarding.proxy_protocol = reader.flag("proxy_protocol", false);
    forwarding.health_path = reader.text("health_path");
    return forwarding;
}

model::Hsts hsts_from(const Reader& reader)
{
    model::Hsts hsts;
    hsts.max_age = reader.number("max_age");
    hsts.subdomains = reader.flag("subdomains", false);
    hsts.preload = reader.flag("preload", false);
    return hsts;
}

RouteEntry route_from(const Reader& reader)
{
    RouteEntry entry;
    entry.endpoint = reader.text("endpoint");
    entry.tenant = reader.text("tenant");
    entry.names = reader.texts("names");
    entry.upstream = reader.text("upstream");
    entry.ip_filter = reader.texts("ip_filter");
    // A place of filtering that this version does not know is filtered here: never wider open than meant.
    entry.filter_at = model::filter_at_from(reader.text("filter_at")).value_or(model::FilterAt::edge);
    entry.own_challenges = reader.flag("own_challenges", false);
    entry.forwarding = forwarding_from(reader.object("forwarding"));
    entry.hsts = hsts_from(reader.object("hsts"));
    entry.plain_http = model::plain_http_from(reader.text("plain_http")).value_or(model::PlainHttp::redirect);
    entry.certificates = reader.texts("certificates");
    entry.suspended = reader.flag("suspended", false);
    entry.redirect = redirect_from(reader.object("redirect"));
    return entry;
}

base::Result<CertificateEntry> certificate_from(const Reader& reader)
{
    TRY(key, base::from_base64(reader.text("key_pkcs8")));
    TRY(key_type, model::key_type_from(reader.text("key_type")));
    CertificateEntry entry;
    entry.certificate = reader.text("certificate");
    entry.endpoint = reader.text("endpoint");
    entry.identifiers = reader.texts("identifiers");
    entry.key_type = key_type;
    entry.source =
        model::certificate_source_from(reader.text("source")).value_or(model::CertificateSource::managed);
    entry.not_after = base::from_millis(reader.number("not_after"));
    entry.chain_pem = reader.text("chain_pem");
    entry.key_pkcs8 = std::move(key);
    return entry;
}

TxtEntry txt_from(const Reader& reader)
{
    TxtEntry entry;
    for (const auto& each : reader.array("values")) {
        if (const auto* object = each.if_object()) {
            const Reader value(*object);
            entry.values.push_back({value.text("text"), base::from_millis(value.number("expires_at"))});
        }
    }
    return entry;
}

model::EdgeGroup group_from(const Reader& reader)
{
    model::EdgeGroup entry;
    entry.name = reader.text("name");
    entry.addresses = reader.texts("addresses");
    entry.default_certificate = reader.text("default_certificate");
    entry.thumbprint = reader.text("thumbprint");
    entry.pool.redirect = redirect_from(reader.object("pool"));
    entry.pool.labels = static_cast<int>(reader.number("pool_labels"));
    return entry;
}

model::Zone zone_from(const Reader& reader)
{
    model::Zone entry;
    entry.apex = reader.text("apex");
    entry.hostmaster = reader.text("hostmaster");
    entry.group = reader.text("group");
    entry.negative_ttl = reader.seconds("negative_ttl", entry.negative_ttl);
    entry.kind = model::zone_kind_from(reader.text("kind")).value_or(entry.kind);
    entry.tenant = reader.text("tenant");
    entry.primary = reader.text("primary");
    entry.refresh = reader.seconds("refresh", entry.refresh);
    entry.retry = reader.seconds("retry", entry.retry);
    entry.expire = reader.seconds("expire", entry.expire);
    entry.apex_ttl = reader.seconds("apex_ttl", entry.apex_ttl);
    for (const auto& each : reader.array("name_servers")) {
        if (const auto* object = each.if_object()) {
            const Reader server(*object);
            entry.name_servers.push_back({server.text("name"), server.texts("addresses")});
        }
    }
    return entry;
}

base::Result<model::RecordSet> record_set_from(const Reader& reader)
{
    model::RecordSet set;
    set.zone = reader.text("zone");
    set.name = reader.text("name");
    set.type = static_cast<std::uint16_t>(reader.number("type"));
    set.ttl = reader.seconds("ttl", set.ttl);
    set.source = reader.text("source");
    if (reader.has("expires_at")) {
        set.expires_at = base::from_millis(reader.number("expires_at"));
    }
    for (const auto& text : reader.texts("values")) {
        TRY(value, base::from_base64(text));
        set.values.push_back(std::move(value));
    }
    return set;
}

base::Result<RecordsEntry> records_from(const Reader& reader)
{
    RecordsEntry entry;
    for (const auto& each : reader.array("sets")) {
        if (const auto* object = each.if_object()) {
            TRY(set, record_set_from(Reader(*object)));
            entry.sets.push_back(std::move(set));
        }
    }
    return entry;
}

base::Result<Entry> entry_from(model::RevisionKind kind, const json::object& object)
{
    const Reader reader(object);
    switch (kind) {
        case model::RevisionKind::route:
            return Entry(route_from(reader));
        case model::RevisionKind::certificate: {
            TRY(certificate, certificate_from(reader));
            return Entry(std::move(certificate));
        }
        case model::RevisionKind::token:
            return Entry(TokenEntry{reader.text("thumbprint"), reader.text("identifier")});
        case model::RevisionKind::alias:
            return Entry(AliasEntry{reader.text("group")});
        case model::RevisionKind::txt:
            return Entry(txt_from(reader));
        case model::RevisionKind::group:
            return Entry(group_from(reader));
        case model::RevisionKind::zone:
            return Entry(zone_from(reader));
        case model::RevisionKind::records: {
            TRY(records, records_from(reader));
            return Entry(std::move(records));
        }
    }
    return base::fail(base::Errc::invalid, "an entry of an unknown kind");
}

// Empty for a kind that this version does not know.
base::Result<std::optional<Change>> change_from(const json::value& value)
{
    const auto* object = value.if_object();
    if (object == nullptr) {
        return base::fail(base::Errc::invalid, "a change in the feed is not an object");
    }
    const Reader reader(*object);
    const auto kind = model::revision_kind_from(reader.text("kind"));
    if (!kind) {
        return std::optional<Change>();
    }
    Change change;
    change.kind = *kind;
    change.key = reader.text("key");
    const auto* entry = object->if_contains("entry");
    if (entry != nullptr && !entry->is_null()) {
        if (!entry->is_object()) {
            return base::fail(base::Errc::invalid, "an entry in the feed is not an object");
        }
        auto parsed = entry_from(*kind, entry->get_object());
        if (!parsed) {
            return base::fail(std::move(parsed).error().with_context(change.key));
        }
        change.entry = std::move(*parsed);
    }
    return std::optional<Change>(std::move(change));
}

base::Result<json::value> parse(std::string_view text)
{
    boost::system::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object()) {
        return base::fail(base::Errc::invalid, "the feed sent something that is not a JSON object");
    }
    return value;
}

}  // namespace

std::string to_json(const Batch& batch)
{
    json::array changes;
    for (const auto& change : batch.changes) {
        json::object object{{"kind", model::to_string(change.kind)}, {"key", change.key}};
        if (change.entry) {
            object["entry"] = std::visit([](const auto& entry) { return to_object(entry); }, *change.entry);
        }
        changes.push_back(std::move(object));
    }
    const json::object object{{"epoch", batch.position.epoch},
                              {"number", batch.position.number},
                              {"snapshot", batch.snapshot},
                              {"first", batch.first},
                              {"last", batch.last},
                              {"changes", std::move(changes)}};
    return json::serialize(object);
}

base::Result<Batch> batch_from_json(std::string_view text)
{
    TRY(value, parse(text));
    const Reader reader(value.get_object());
    Batch batch;
    batch.position.epoch = reader.text("epoch");
    batch.position.number = reader.number("number", -1);
    batch.snapshot = reader.flag("snapshot", false);
    batch.first = reader.flag("first", true);
    batch.last = reader.flag("last", true);
    if (batch.position.epoch.empty() || batch.position.number < 0) {
        return base::fail(base::Errc::invalid, "the feed sent a batch without a position");
    }
    for (const auto& each : reader.array("changes")) {
        TRY(change, change_from(each));
        if (change) {
            batch.changes.push_back(std::move(*change));
        }
    }
    return batch;
}

std::string to_json(const model::Position& position)
{
    return json::serialize(json::object{{"epoch", position.epoch}, {"number", position.number}});
}

base::Result<model::Position> position_from_json(std::string_view text)
{
    TRY(value, parse(text));
    const Reader reader(value.get_object());
    model::Position position;
    position.epoch = reader.text("epoch");
    position.number = reader.number("number", -1);
    if (position.epoch.empty() || position.number < 0) {
        return base::fail(base::Errc::invalid, "a position needs epoch and number");
    }
    return position;
}

model::RevisionKind kind_of(const Entry& entry)
{
    // In the order of the alternatives of Entry.
    constexpr std::array kinds{model::RevisionKind::route, model::RevisionKind::certificate,
                               model::RevisionKind::token, model::RevisionKind::alias,
                               model::RevisionKind::txt,   model::RevisionKind::group,
                               model::RevisionKind::zone,  model::RevisionKind::records};
    return kinds[entry.index()];
}

}  // namespace feed
