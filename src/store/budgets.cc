#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

#include <cmath>

namespace store {

namespace {

const sql::Table& bucket_table()
{
    static const sql::Table buckets(
        "buckets", {"name", "owner", "limit_name", "subject", "capacity", "period_ms", "level", "reserved",
                    "updated_at", "blocked_until", "full_at"});
    return buckets;
}

model::Bucket read_bucket(sql::RowReader row)
{
    model::Bucket bucket;
    bucket.key = row.text();
    bucket.owner = row.text();
    bucket.limit = row.text();
    bucket.subject = row.text();
    bucket.capacity = row.real();
    bucket.period_ms = row.integer();
    bucket.level = row.real();
    bucket.reserved = row.integer();
    bucket.updated_at = row.time();
    bucket.blocked_until = row.maybe_time();
    return bucket;
}

// When nothing of it is taken or blocked any more, if nothing more is taken.
base::Time full_at(const model::Bucket& bucket)
{
    auto full = bucket.updated_at;
    if (bucket.capacity > 0 && bucket.level < bucket.capacity) {
        const double missing = (bucket.capacity - bucket.level) / bucket.capacity;
        full += std::chrono::milliseconds(
            static_cast<std::int64_t>(std::ceil(missing * static_cast<double>(bucket.period_ms))));
    }
    return std::max(full, bucket.blocked_until.value_or(full));
}

std::string text_of(sql::RowReader row)
{
    return row.text();
}

}  // namespace

base::Result<std::optional<model::Bucket>> Budgets::get(const std::string& key)
{
    const auto locked = bucket_table().get() + std::string(db_.dialect().row_lock);
    TRY(found, maybe_record(db_.execute(locked, sql::params(key)), read_bucket));
    if (found || db_.dialect().row_lock.empty()) {
        return std::move(found);
    }
    // A row that is not there cannot be locked. Whoever is first to make it holds the head, and the others
    // look again.
    CHECKED(db_.execute("SELECT id FROM revision_head WHERE id = 1" + std::string(db_.dialect().row_lock)));
    return maybe_record(db_.execute(locked, sql::params(key)), read_bucket);
}

base::Result<> Budgets::put(const model::Bucket& bucket)
{
    CHECKED(db_.execute(bucket_table().upsert(),
                        sql::params(bucket.key, bucket.owner, bucket.limit, bucket.subject, bucket.capacity,
                                    bucket.period_ms, bucket.level, bucket.reserved, bucket.updated_at,
                                    bucket.blocked_until, full_at(bucket))));
    return {};
}

base::Result<> Budgets::remove(const std::string& key)
{
    CHECKED(db_.execute("DELETE FROM buckets WHERE name = $1", sql::params(key)));
    return {};
}

base::Result<std::vector<model::Bucket>> Budgets::list()
{
    static const auto text = bucket_table().select() + " ORDER BY name";
    return records_of(db_.execute(text), read_bucket);
}

base::Result<std::vector<model::Bucket>> Budgets::scarcest(const std::string& owner, const std::string& limit,
                                                           const std::string& name, std::size_t most)
{
    static const auto all = bucket_table().select() +
                            " WHERE owner = $1 AND limit_name = $2 ORDER BY full_at DESC, name DESC LIMIT $3";
    static const auto named =
        bucket_table().select() +
        " WHERE owner = $1 AND limit_name = $2 AND subject >= $4 AND subject < $5 ORDER BY subject LIMIT $3";
    if (name.empty()) {
        return records_of(db_.execute(all, sql::params(owner, limit, most)), read_bucket);
    }
    // No name holds a character above '~'.
    return records_of(db_.execute(named, sql::params(owner, limit, most, name, name + "\x7f")), read_bucket);
}

base::Result<std::size_t> Budgets::drop_full(base::Time now, std::size_t most)
{
    // What was learned of a CA is more than its level.
    TRY(names, records_of(db_.execute("SELECT name FROM buckets WHERE reserved <= 0 AND full_at <= $1"
                                      " AND limit_name <> 'learned' ORDER BY full_at LIMIT $2" +
                                          std::string(db_.dialect().skip_locked),
                                      sql::params(now, most)),
                          text_of));
    for (const auto& each : names) {
        CHECKED(remove(each));
    }
    return names.size();
}

base::Result<> Budgets::put_reservation(const model::Reservation& reservation)
{
    CHECKED(
        db_.execute("INSERT INTO reservations (id, buckets, failures, created_at) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (id) DO UPDATE SET buckets = excluded.buckets,"
                    " failures = excluded.failures, created_at = excluded.created_at",
                    sql::params(reservation.id, to_json(reservation.buckets), to_json(reservation.failures),
                                reservation.created_at)));
    return {};
}

base::Result<std::optional<model::Reservation>> Budgets::reservation(const std::string& id)
{
    static const std::string text =
        "SELECT id, buckets, failures, created_at FROM reservations WHERE id = $1";
    return maybe_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(id)),
                        [](sql::RowReader row) {
                            model::Reservation reservation;
                            reservation.id = row.text();
                            reservation.buckets = texts_from(row.text());
                            reservation.failures = texts_from(row.text());
                            reservation.created_at = row.time();
                            return reservation;
                        });
}

base::Result<> Budgets::remove_reservation(const std::string& id)
{
    CHECKED(db_.execute("DELETE FROM reservations WHERE id = $1", sql::params(id)));
    return {};
}

base::Result<std::vector<std::string>> Budgets::old_reservations(base::Time then, std::size_t most)
{
    return records_of(
        db_.execute("SELECT id FROM reservations WHERE created_at < $1 ORDER BY created_at LIMIT $2",
                    sql::params(then, most)),
        text_of);
}

base::Result<> Budgets::put_override(const model::LimitOverride& made)
{
    CHECKED(db_.execute(
        "INSERT INTO limit_overrides (account, limit_name, subject, capacity, period_ms, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, limit_name, subject) DO UPDATE SET"
        " capacity = excluded.capacity, period_ms = excluded.period_ms, created_at = excluded.created_at",
        sql::params(made.account, made.limit, made.subject, made.capacity, made.period_ms, made.created_at)));
    return {};
}

base::Result<bool> Budgets::remove_override(const std::string& account, const std::string& limit,
                                            const std::string& subject)
{
    TRY(removed, db_.execute("DELETE FROM limit_overrides WHERE account = $1 AND limit_name = $2 AND"
                             " subject = $3 RETURNING account",
                             sql::params(account, limit, subject)));
    return !removed.empty();
}

base::Result<std::vector<model::LimitOverride>> Budgets::overrides(const std::string& account)
{
    return records_of(db_.execute("SELECT account, limit_name, subject, capacity, period_ms, created_at"
                                  " FROM limit_overrides WHERE account = $1 ORDER BY limit_name, subject",
                                  sql::params(account)),
                      [](sql::RowReader row) {
                          model::LimitOverride made;
                          made.account = row.text();
                          made.limit = row.text();
                          made.subject = row.text();
                          made.capacity = row.real();
                          made.period_ms = row.integer();
                          made.created_at = row.time();
                          return made;
                      });
}

}  // namespace store
