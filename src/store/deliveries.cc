#include "store/alert_tables.h"
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

#include <algorithm>
#include <iterator>

namespace store {

namespace {

using model::Delivery;
using model::DeliveryState;

// `first`: no earlier one of its channel and subject waits.
const sql::Table& table()
{
    static const sql::Table deliveries(
        "deliveries", {"id", "number", "channel", "subject", "type", "document", "state", "attempts", "error",
                       "next_attempt_at", "created_at", "finished_at", "first"});
    return deliveries;
}

Delivery read(sql::RowReader row)
{
    Delivery d;
    d.id = row.text();
    d.number = row.integer();
    d.channel = row.text();
    d.subject = row.text();
    d.type = row.text();
    d.document = row.text();
    d.state = known_or(model::delivery_state_from(row.text()), d.state);
    d.attempts = row.integer();
    d.error = row.text();
    d.next_attempt_at = row.time();
    d.created_at = row.time();
    d.finished_at = row.maybe_time();
    return d;
}

// The row of the head is the lock under which the order of a subject's deliveries changes.
base::Result<std::int64_t> advance(sql::Connection& db, std::int64_t by)
{
    return one_record(
        db.execute("UPDATE outbox_head SET number = number + $1 WHERE id = 1 RETURNING number",
                   sql::params(by)),
        [](sql::RowReader row) { return row.integer(); }, "head of the", "outbox");
}

}  // namespace

base::Result<> Deliveries::add(Delivery d)
{
    TRY(number, advance(db_, 1));
    TRY(earlier,
        db_.execute("SELECT id FROM deliveries WHERE state = 'waiting' AND channel = $1 AND subject = $2"
                    " LIMIT 1",
                    sql::params(d.channel, d.subject)));
    return expect_row(
        db_.execute(table().insert(),
                    sql::params(d.id, number, d.channel, d.subject, d.type, d.document,
                                model::to_string(d.state), d.attempts, d.error, d.next_attempt_at,
                                d.created_at, d.finished_at, earlier.empty())),
        base::Errc::conflict, fmt::format("the delivery {} exists already", d.id));
}

base::Result<Delivery> Deliveries::get(const std::string& id)
{
    return one_record(db_.execute(table().get(), sql::params(id)), read, "delivery", id);
}

base::Result<std::vector<Delivery>> Deliveries::due(base::Time now, std::size_t each)
{
    static const std::string next_channel =
        "SELECT channel FROM deliveries WHERE state = 'waiting' AND first = 1 AND channel > $1"
        " ORDER BY channel LIMIT 1";
    static const auto of_one = table().select() +
                               " WHERE state = 'waiting' AND first = 1 AND channel = $1 AND "
                               "next_attempt_at <= $2 ORDER BY next_attempt_at, number LIMIT $3";
    std::vector<Delivery> all;
    for (std::string channel;;) {
        TRY(found, maybe_record(db_.execute(next_channel, sql::params(channel)),
                                [](sql::RowReader row) { return row.text(); }));
        if (!found) {
            return all;
        }
        channel = *found;
        TRY(some, records_of(db_.execute(of_one, sql::params(channel, now, each)), read));
        std::ranges::move(some, std::back_inserter(all));
    }
}

base::Result<std::vector<Delivery>> Deliveries::of_channel(const std::string& channel, std::size_t limit)
{
    static const auto text = table().select() + " WHERE channel = $1 ORDER BY number DESC LIMIT $2";
    return records_of(db_.execute(text, sql::params(channel, limit)), read);
}

base::Result<std::optional<Delivery>> Deliveries::newest(const std::string& channel,
                                                         const std::string& subject, const std::string& type)
{
    static const auto text =
        table().select() + " WHERE channel = $1 AND subject = $2 AND type = $3 ORDER BY number DESC LIMIT 1";
    return maybe_record(db_.execute(text, sql::params(channel, subject, type)), read);
}

base::Result<> Deliveries::update(const Delivery& d)
{
    const bool finished = d.state != DeliveryState::waiting;
    if (finished) {
        TRY(locked, advance(db_, 0));
    }
    CHECKED(expect_row(
        db_.execute("UPDATE deliveries SET state = $2, attempts = $3, error = $4, next_attempt_at = $5, "
                    "finished_at = $6 WHERE id = $1 RETURNING id",
                    sql::params(d.id, model::to_string(d.state), d.attempts, d.error, d.next_attempt_at,
                                d.finished_at)),
        base::Errc::not_found, fmt::format("no delivery {}", d.id)));
    if (finished) {
        CHECKED(
            db_.execute("UPDATE deliveries SET first = 1 WHERE number = (SELECT MIN(number) FROM deliveries "
                        "WHERE state = 'waiting' AND channel = $1 AND subject = $2)",
                        sql::params(d.channel, d.subject)));
    }
    return {};
}

base::Result<> Deliveries::hold(const std::string& channel, base::Time until)
{
    CHECKED(
        db_.execute("UPDATE deliveries SET next_attempt_at = $2 WHERE state = 'waiting' AND channel = $1 AND "
                    "next_attempt_at < $2",
                    sql::params(channel, until)));
    return {};
}

base::Result<> Deliveries::hasten(const std::string& channel, base::Time now)
{
    CHECKED(
        db_.execute("UPDATE deliveries SET next_attempt_at = $2 WHERE state = 'waiting' AND channel = $1 AND "
                    "next_attempt_at > $2",
                    sql::params(channel, now)));
    return {};
}

base::Result<std::int64_t> Deliveries::waiting(const std::string& channel)
{
    static const std::string all = "SELECT COUNT(*) FROM deliveries WHERE state = 'waiting'";
    static const std::string one = all + " AND channel = $1";
    return one_record(
        channel.empty() ? db_.execute(all) : db_.execute(one, sql::params(channel)),
        [](sql::RowReader row) { return row.integer(); }, "count of", "deliveries");
}

base::Result<std::int64_t> Deliveries::forget(base::Time before)
{
    TRY(rows,
        db_.execute("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE finished_at IS NOT "
                    "NULL AND finished_at < $1 ORDER BY finished_at LIMIT 1000) RETURNING id",
                    sql::params(before)));
    return static_cast<std::int64_t>(rows.size());
}

}  // namespace store
