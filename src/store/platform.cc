// Edges, edge groups, zones and settings: few rows.
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& edge_table()
{
    static const sql::Table edges("edge_nodes",
                                  {"id", "name", "edge_group", "version", "revision", "seen_at", "trouble"});
    return edges;
}

// What acknowledgements do not write.
constexpr std::string_view edge_columns =
    "SELECT id, name, edge_group, version, revision, seen_at, trouble, certificate_until, removed_at FROM "
    "edge_nodes WHERE ";

model::EdgeNode read_edge(sql::RowReader row)
{
    model::EdgeNode node;
    node.id = row.text();
    node.name = row.text();
    node.group = row.text();
    node.version = row.text();
    node.revision = row.integer();
    node.seen_at = row.time();
    node.trouble = row.text();
    node.certificate_until = row.maybe_time();
    node.removed_at = row.maybe_time();
    return node;
}

const sql::Table& group_table()
{
    static const sql::Table groups(
        "edge_groups", {"name", "addresses", "default_certificate", "thumbprint", "own_challenges", "proxies",
                        "pool_to", "pool_status", "pool_keep_path", "pool_labels"});
    return groups;
}

model::EdgeGroup read_group(sql::RowReader row)
{
    model::EdgeGroup group;
    group.name = row.text();
    group.addresses = texts_from(row.text());
    group.default_certificate = row.text();
    group.thumbprint = row.text();
    group.own_challenges = row.flag();
    group.proxies = row.flag();
    group.pool.redirect.to = row.text();
    group.pool.redirect.status = row.small();
    group.pool.redirect.keep_path = row.flag();
    group.pool.labels = row.small();
    return group;
}

const sql::Table& zone_table()
{
    static const sql::Table zones(
        "zones", {"apex", "name_servers", "hostmaster", "edge_group", "negative_ttl", "kind", "tenant",
                  "primary_server", "refresh", "retry", "expire", "apex_ttl"});
    return zones;
}

model::Zone read_zone(sql::RowReader row)
{
    model::Zone zone;
    zone.apex = row.text();
    zone.name_servers = name_servers_from(row.text());
    zone.hostmaster = row.text();
    zone.group = row.text();
    zone.negative_ttl = static_cast<std::uint32_t>(row.integer());
    zone.kind = known_or(model::zone_kind_from(row.text()), model::ZoneKind::fixed);
    zone.tenant = row.text();
    zone.primary = row.text();
    zone.refresh = static_cast<std::uint32_t>(row.integer());
    zone.retry = static_cast<std::uint32_t>(row.integer());
    zone.expire = static_cast<std::uint32_t>(row.integer());
    zone.apex_ttl = static_cast<std::uint32_t>(row.integer());
    return zone;
}

}  // namespace

base::Result<> EdgeNodes::put(const model::EdgeNode& node)
{
    CHECKED(db_.execute(edge_table().upsert(), sql::params(node.id, node.name, node.group, node.version,
                                                           node.revision, node.seen_at, node.trouble)));
    return {};
}

base::Result<> EdgeNodes::set_certificate(const std::string& id, base::Time until)
{
    CHECKED(
        db_.execute("UPDATE edge_nodes SET certificate_until = $2 WHERE id = $1", sql::params(id, until)));
    return {};
}

base::Result<> EdgeNodes::remove(const std::string& id, base::Time now)
{
    CHECKED(db_.execute("UPDATE edge_nodes SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
                        sql::params(id, now)));
    return {};
}

base::Result<std::vector<model::EdgeNode>> EdgeNodes::list()
{
    static const auto text = std::string(edge_columns) + "removed_at IS NULL ORDER BY id";
    return records_of(db_.execute(text), read_edge);
}

base::Result<std::vector<model::EdgeNode>> EdgeNodes::all()
{
    static const auto text = std::string(edge_columns) + "1 = 1 ORDER BY id";
    return records_of(db_.execute(text), read_edge);
}

base::Result<model::EdgeNode> EdgeNodes::get(const std::string& id)
{
    static const auto text = std::string(edge_columns) + "id = $1";
    return one_record(db_.execute(text, sql::params(id)), read_edge, "edge", id);
}

base::Result<> Groups::put(const model::EdgeGroup& group)
{
    CHECKED(db_.execute(
        group_table().upsert(),
        sql::params(group.name, to_json(group.addresses), group.default_certificate, group.thumbprint,
                    group.own_challenges, group.proxies, group.pool.redirect.to, group.pool.redirect.status,
                    group.pool.redirect.keep_path, group.pool.labels)));
    return {};
}

base::Result<model::EdgeGroup> Groups::get(const std::string& name)
{
    return one_record(
        db_.execute(group_table().get() + std::string(db_.dialect().row_lock), sql::params(name)), read_group,
        "edge group", name);
}

base::Result<std::vector<model::EdgeGroup>> Groups::list()
{
    static const auto text = group_table().select() + " ORDER BY name";
    return records_of(db_.execute(text), read_group);
}

base::Result<> Groups::put_zone(const model::Zone& zone)
{
    CHECKED(db_.execute(zone_table().upsert(),
                        sql::params(zone.apex, to_json(zone.name_servers), zone.hostmaster, zone.group,
                                    zone.negative_ttl, model::to_string(zone.kind), zone.tenant, zone.primary,
                                    zone.refresh, zone.retry, zone.expire, zone.apex_ttl)));
    return {};
}

base::Result<> Groups::remove_zone(const std::string& apex)
{
    return expect_row(db_.execute("DELETE FROM zones WHERE apex = $1 RETURNING apex", sql::params(apex)),
                      base::Errc::not_found, fmt::format("no zone {}", apex));
}

base::Result<model::Zone> Groups::zone(const std::string& apex)
{
    return one_record(
        db_.execute(zone_table().get() + std::string(db_.dialect().row_lock), sql::params(apex)), read_zone,
        "zone", apex);
}

base::Result<std::vector<model::Zone>> Groups::zones()
{
    static const auto text = zone_table().select() + " ORDER BY apex";
    return records_of(db_.execute(text), read_zone);
}

base::Result<std::optional<std::string>> Settings::get(const std::string& name)
{
    return maybe_record(db_.execute("SELECT value FROM settings WHERE name = $1", sql::params(name)),
                        [](sql::RowReader row) { return row.text(); });
}

base::Result<> Settings::put(const std::string& name, const std::string& value)
{
    CHECKED(
        db_.execute("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET "
                    "value = excluded.value",
                    sql::params(name, value)));
    return {};
}

}  // namespace store
