#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& bucket_table()
{
    static const sql::Table buckets(
        "buckets", {"name", "capacity", "period_ms", "level", "updated_at", "blocked_until"});
    return buckets;
}

model::Bucket read_bucket(sql::RowReader row)
{
    model::Bucket bucket;
    bucket.key = row.text();
    bucket.capacity = row.real();
    bucket.period_ms = row.integer();
    bucket.level = row.real();
    bucket.updated_at = row.time();
    bucket.blocked_until = row.maybe_time();
    return bucket;
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
                        sql::params(bucket.key, bucket.capacity, bucket.period_ms, bucket.level,
                                    bucket.updated_at, bucket.blocked_until)));
    return {};
}

base::Result<std::vector<model::Bucket>> Budgets::list()
{
    static const auto text = bucket_table().select() + " ORDER BY name";
    return records_of(db_.execute(text), read_bucket);
}

base::Result<> Budgets::put_reservation(const model::Reservation& reservation)
{
    CHECKED(
        db_.execute("INSERT INTO reservations (id, buckets, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) "
                    "DO UPDATE SET"
                    " buckets = excluded.buckets, created_at = excluded.created_at",
                    sql::params(reservation.id, to_json(reservation.buckets), reservation.created_at)));
    return {};
}

base::Result<std::optional<model::Reservation>> Budgets::reservation(const std::string& id)
{
    static const std::string text = "SELECT id, buckets, created_at FROM reservations WHERE id = $1";
    return maybe_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(id)),
                        [](sql::RowReader row) {
                            model::Reservation reservation;
                            reservation.id = row.text();
                            reservation.buckets = texts_from(row.text());
                            reservation.created_at = row.time();
                            return reservation;
                        });
}

base::Result<> Budgets::remove_reservation(const std::string& id)
{
    CHECKED(db_.execute("DELETE FROM reservations WHERE id = $1", sql::params(id)));
    return {};
}

}  // namespace store
