#include "store/alert_tables.h"
#include "store/query.h"

namespace store {

namespace {

using Entry = NoticeQueue::Entry;

std::string select(std::string_view rest)
{
    return fmt::format("SELECT channel, reason, alert, type, due_at FROM notice_queue {}", rest);
}

Entry read(sql::RowReader row)
{
    Entry entry;
    entry.channel = row.text();
    entry.reason = row.text();
    entry.alert = row.text();
    entry.type = row.text();
    entry.due_at = row.time();
    return entry;
}

}  // namespace

base::Result<> NoticeQueue::add(const Entry& e)
{
    CHECKED(
        db_.execute("INSERT INTO notice_queue (channel, reason, alert, type, due_at) VALUES ($1, $2, $3, $4, "
                    "$5) ON CONFLICT (channel, alert) DO UPDATE SET reason = excluded.reason, type = "
                    "excluded.type, due_at = excluded.due_at",
                    sql::params(e.channel, e.reason, e.alert, e.type, e.due_at)));
    return {};
}

base::Result<std::optional<Entry>> NoticeQueue::find(const std::string& channel, const std::string& alert)
{
    static const auto text = select("WHERE channel = $1 AND alert = $2");
    return maybe_record(db_.execute(text, sql::params(channel, alert)), read);
}

base::Result<> NoticeQueue::remove(const std::string& channel, const std::string& alert)
{
    CHECKED(db_.execute("DELETE FROM notice_queue WHERE channel = $1 AND alert = $2",
                        sql::params(channel, alert)));
    return {};
}

base::Result<std::vector<Entry>> NoticeQueue::due(base::Time now, std::size_t limit)
{
    static const auto text = select("WHERE due_at <= $1 ORDER BY due_at, channel, alert LIMIT $2");
    return records_of(db_.execute(text, sql::params(now, limit)), read);
}

base::Result<std::vector<Entry>> NoticeQueue::alike(const std::string& channel, const std::string& reason,
                                                    std::size_t limit)
{
    static const auto text = select("WHERE channel = $1 AND reason = $2 ORDER BY alert LIMIT $3");
    return records_of(db_.execute(text, sql::params(channel, reason, limit)), read);
}

base::Result<NoticeQueue::Burst> NoticeQueue::burst(const std::string& channel, const std::string& reason)
{
    TRY(found, maybe_record(
                   db_.execute("SELECT since, notices FROM notice_bursts WHERE channel = $1 AND reason = $2",
                               sql::params(channel, reason)),
                   [](sql::RowReader row) {
                       Burst burst;
                       burst.since = row.time();
                       burst.notices = row.integer();
                       return burst;
                   }));
    return found.value_or(Burst{});
}

base::Result<> NoticeQueue::put_burst(const std::string& channel, const std::string& reason,
                                      const Burst& burst)
{
    CHECKED(
        db_.execute("INSERT INTO notice_bursts (channel, reason, since, notices) VALUES ($1, $2, $3, $4) ON "
                    "CONFLICT (channel, reason) DO UPDATE SET since = excluded.since, notices = "
                    "excluded.notices",
                    sql::params(channel, reason, burst.since, burst.notices)));
    return {};
}

base::Result<> NoticeQueue::forget(base::Time before)
{
    CHECKED(db_.execute("DELETE FROM notice_bursts WHERE since < $1", sql::params(before)));
    return {};
}

}  // namespace store
