#include "store/alert_tables.h"
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

using model::Channel;

const sql::Table& table()
{
    static const sql::Table channels(
        "channels",
        {"id", "tenant", "name", "kind", "target", "audience", "least", "events", "sealed_secret", "enabled",
         "configured", "created_at", "succeeded_at", "failed_at", "error", "failures", "tested_at"});
    return channels;
}

Channel read(sql::RowReader row)
{
    Channel c;
    c.id = row.text();
    c.tenant = row.text();
    c.name = row.text();
    c.kind = known_or(model::channel_kind_from(row.text()), c.kind);
    c.target = row.text();
    c.audience = known_or(model::audience_from(row.text()), c.audience);
    c.least = known_or(model::severity_from(row.text()), c.least);
    c.events = texts_from(row.text());
    c.sealed_secret = row.bytes();
    c.enabled = row.flag();
    c.configured = row.flag();
    c.created_at = row.time();
    c.succeeded_at = row.maybe_time();
    c.failed_at = row.maybe_time();
    c.error = row.text();
    c.failures = row.integer();
    c.tested_at = row.maybe_time();
    return c;
}

}  // namespace

base::Result<> Channels::put(const Channel& c)
{
    CHECKED(db_.execute(
        table().upsert(),
        sql::params(c.id, c.tenant, c.name, model::to_string(c.kind), c.target, model::to_string(c.audience),
                    model::to_string(c.least), to_json(c.events), c.sealed_secret, c.enabled, c.configured,
                    c.created_at, c.succeeded_at, c.failed_at, c.error, c.failures, c.tested_at)));
    return {};
}

base::Result<Channel> Channels::get(const std::string& id)
{
    return one_record(db_.execute(table().get() + std::string(db_.dialect().row_lock), sql::params(id)), read,
                      "channel", id);
}

base::Result<> Channels::remove(const std::string& id)
{
    CHECKED(db_.execute("DELETE FROM deliveries WHERE channel = $1", sql::params(id)));
    CHECKED(db_.execute("DELETE FROM notice_queue WHERE channel = $1", sql::params(id)));
    return expect_row(db_.execute("DELETE FROM channels WHERE id = $1 RETURNING id", sql::params(id)),
                      base::Errc::not_found, fmt::format("no channel {}", id));
}

base::Result<std::vector<Channel>> Channels::of_tenant(const std::string& tenant)
{
    static const auto text = table().select() + " WHERE tenant = $1 ORDER BY created_at, id";
    return records_of(db_.execute(text, sql::params(tenant)), read);
}

base::Result<std::vector<Channel>> Channels::list(std::size_t limit)
{
    static const auto text = table().select() + " ORDER BY tenant, created_at, id LIMIT $1";
    return records_of(db_.execute(text, sql::params(limit)), read);
}

base::Result<std::int64_t> Channels::count_failing()
{
    return one_record(
        db_.execute("SELECT COUNT(*) FROM channels WHERE failures > 0"),
        [](sql::RowReader row) { return row.integer(); }, "count of", "channels");
}

}  // namespace store
