#include "store/alert_tables.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& table()
{
    static const sql::Table silences(
        "alert_silences", {"id", "tenant", "alert", "subject", "rule", "ends_at", "reason", "created_at"});
    return silences;
}

model::Silence read(sql::RowReader row)
{
    model::Silence s;
    s.id = row.text();
    s.tenant = row.text();
    s.alert = row.text();
    s.subject = row.text();
    s.rule = row.text();
    s.until = row.time();
    s.reason = row.text();
    s.created_at = row.time();
    return s;
}

}  // namespace

base::Result<> Alerts::put_silence(const model::Silence& s)
{
    CHECKED(db_.execute(table().upsert(), sql::params(s.id, s.tenant, s.alert, s.subject, s.rule, s.until,
                                                      s.reason, s.created_at)));
    return {};
}

base::Result<> Alerts::remove_silence(const std::string& id)
{
    CHECKED(db_.execute("DELETE FROM alert_silences WHERE id = $1", sql::params(id)));
    return {};
}

base::Result<std::optional<model::Silence>> Alerts::silence(const std::string& id)
{
    return maybe_record(db_.execute(table().get(), sql::params(id)), read);
}

base::Result<std::vector<model::Silence>> Alerts::silences(const std::string& tenant, base::Time now)
{
    static const auto all = table().select() + " WHERE ends_at > $1 ORDER BY ends_at, id LIMIT 1000";
    static const auto one =
        table().select() + " WHERE ends_at > $1 AND tenant = $2 ORDER BY ends_at, id LIMIT 1000";
    return records_of(
        tenant.empty() ? db_.execute(all, sql::params(now)) : db_.execute(one, sql::params(now, tenant)),
        read);
}

}  // namespace store
