#include "store/alert_tables.h"
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

using model::Alert;

const sql::Table& table()
{
    static const sql::Table alerts("alerts", {"id", "tenant", "rule", "subject", "name", "severity", "code",
                                              "problem", "deadline", "seen_count", "opened_at", "seen_at",
                                              "resolved_at", "notified_at", "notify_at", "quiet_until"});
    return alerts;
}

sql::Params values(const Alert& a)
{
    return sql::params(a.id, a.tenant, a.rule, a.subject, a.name, model::to_string(a.severity),
                       a.problem.code, to_json(a.problem), a.deadline, a.count, a.opened_at, a.seen_at,
                       a.resolved_at, a.notified_at, a.notify_at, a.quiet_until);
}

Alert read(sql::RowReader row)
{
    Alert a;
    a.id = row.text();
    a.tenant = row.text();
    a.rule = row.text();
    a.subject = row.text();
    a.name = row.text();
    a.severity = known_or(model::severity_from(row.text()), a.severity);
    const auto code = row.text();
    a.problem = problem_from(row.text());
    a.deadline = row.maybe_time();
    a.count = row.integer();
    a.opened_at = row.time();
    a.seen_at = row.time();
    a.resolved_at = row.maybe_time();
    a.notified_at = row.maybe_time();
    a.notify_at = row.maybe_time();
    a.quiet_until = row.maybe_time();
    return a;
}

// Only the conditions that are asked for, so that each listing is a walk along one index.
base::Result<std::pair<std::string, sql::Params>> listing(const AlertFilter& filter)
{
    std::string text = table().select() + " WHERE 1 = 1";
    sql::Params values;
    const auto add = [&](std::string_view condition, sql::Value value) {
        values.push_back(std::move(value));
        text += fmt::format(fmt::runtime(condition), values.size());
    };
    if (!filter.resolved) {
        text += " AND resolved_at IS NULL";
    }
    if (!filter.tenant.empty()) {
        add(" AND tenant = ${}", filter.tenant);
    }
    if (!filter.subject.empty()) {
        add(" AND subject = ${}", filter.subject);
    }
    if (!filter.rule.empty()) {
        add(" AND rule = ${}", filter.rule);
    }
    if (!filter.after.empty()) {
        TRY(cursor, cursor_from(filter.after));
        values.push_back(cursor.created_at);
        values.push_back(cursor.id);
        text += fmt::format(" AND (opened_at, id) < (${}, ${})", values.size() - 1, values.size());
    }
    add(" ORDER BY opened_at DESC, id DESC LIMIT ${}", sql::to_value(filter.limit + 1));
    return std::pair(std::move(text), std::move(values));
}

std::int64_t counted(const sql::Rows& rows)
{
    return static_cast<std::int64_t>(rows.size());
}

}  // namespace

base::Result<> Alerts::insert(const Alert& alert)
{
    return expect_row(db_.execute(table().insert(), values(alert)), base::Errc::conflict,
                      fmt::format("an alert {} is open for {}", alert.rule, alert.subject));
}

base::Result<> Alerts::update(const Alert& alert)
{
    return expect_row(db_.execute(table().update(), values(alert)), base::Errc::not_found,
                      fmt::format("no alert {}", alert.id));
}

base::Result<Alert> Alerts::get(const std::string& id)
{
    return one_record(db_.execute(table().get() + std::string(db_.dialect().row_lock), sql::params(id)), read,
                      "alert", id);
}

base::Result<std::vector<Alert>> Alerts::open_of(const std::string& subject)
{
    static const auto text = table().select() + " WHERE subject = $1 AND resolved_at IS NULL ORDER BY rule";
    return records_of(db_.execute(text, sql::params(subject)), read);
}

base::Result<std::optional<Alert>> Alerts::last_resolved(const std::string& rule, const std::string& subject)
{
    static const auto text = table().select() +
                             " WHERE subject = $1 AND rule = $2 AND resolved_at IS NOT NULL ORDER BY "
                             "opened_at DESC, id DESC LIMIT 1";
    return maybe_record(db_.execute(text, sql::params(subject, rule)), read);
}

base::Result<Page<Alert>> Alerts::list(const AlertFilter& filter)
{
    TRY(query, listing(filter));
    TRY(records, records_of(db_.execute(query.first, query.second), read));
    Page<Alert> page;
    if (records.size() > filter.limit) {
        records.resize(filter.limit);
        if (!records.empty()) {
            page.next = to_text({base::to_millis(records.back().opened_at), records.back().id});
        }
    }
    page.items = std::move(records);
    return page;
}

base::Result<std::vector<Alert>> Alerts::due_notices(base::Time now, std::size_t limit)
{
    static const auto text =
        table().select() + " WHERE notify_at IS NOT NULL AND notify_at <= $1 ORDER BY notify_at, id LIMIT $2";
    return records_of(db_.execute(text, sql::params(now, limit)), read);
}

base::Result<std::vector<Alerts::Count>> Alerts::count_open(const std::string& tenant)
{
    const std::string open = "SELECT rule, severity, COUNT(*) FROM alerts WHERE resolved_at IS NULL";
    const std::string groups = " GROUP BY rule, severity ORDER BY rule, severity";
    return records_of(tenant.empty() ? db_.execute(open + groups)
                                     : db_.execute(open + " AND tenant = $1" + groups, sql::params(tenant)),
                      [](sql::RowReader row) {
                          Count count;
                          count.rule = row.text();
                          count.severity =
                              known_or(model::severity_from(row.text()), model::Severity::warning);
                          count.count = row.integer();
                          return count;
                      });
}

base::Result<std::int64_t> Alerts::forget(base::Time before)
{
    TRY(rows,
        db_.execute("DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE resolved_at IS NOT NULL"
                    " AND resolved_at < $1 ORDER BY resolved_at LIMIT 1000) RETURNING id",
                    sql::params(before)));
    CHECKED(db_.execute("DELETE FROM alert_silences WHERE ends_at < $1", sql::params(before)));
    return counted(rows);
}

base::Result<> Alerts::look_at(const std::string& subject, base::Time due)
{
    CHECKED(
        db_.execute("INSERT INTO alert_looks (subject, due_at) VALUES ($1, $2) ON CONFLICT (subject) DO "
                    "UPDATE SET due_at = excluded.due_at",
                    sql::params(subject, due)));
    return {};
}

base::Result<> Alerts::forget_look(const std::string& subject)
{
    CHECKED(db_.execute("DELETE FROM alert_looks WHERE subject = $1", sql::params(subject)));
    return {};
}

base::Result<std::vector<std::string>> Alerts::due_looks(base::Time now, std::size_t limit)
{
    return records_of(
        db_.execute("SELECT subject FROM alert_looks WHERE due_at <= $1 ORDER BY due_at, subject LIMIT $2",
                    sql::params(now, limit)),
        [](sql::RowReader row) { return row.text(); });
}

}  // namespace store
