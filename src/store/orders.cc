#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

using model::Order;

// `finished` follows from the status; it makes the indices of unfinished orders small. The lease has
// statements of its own.
const sql::Table& table()
{
    static const sql::Table orders(
        "orders", {"id",         "tenant",    "endpoint",     "account",         "queue_class", "identifiers",
                   "key_type",   "profile",   "replaces",     "status",          "challenge",   "csr_der",
                   "sealed_key", "order_url", "finalize_url", "certificate_url", "certificate", "reservation",
                   "attempt",    "problem",   "forced",       "next_action_at",  "created_at",  "updated_at",
                   "finished",   "tried"});
    return orders;
}

const std::string& columns()
{
    static const auto text = table().columns() + ", fence";
    return text;
}

std::string select(std::string_view rest)
{
    return fmt::format("SELECT {} FROM orders {}", columns(), rest);
}

sql::Params values(const Order& o)
{
    return sql::params(o.id, o.tenant, o.endpoint, o.account, static_cast<int>(o.queue_class),
                       to_json(o.identifiers), model::to_string(o.key_type), o.profile, o.replaces,
                       model::to_string(o.status),
                       o.challenge ? model::to_string(*o.challenge) : std::string_view(), o.csr_der,
                       o.sealed_key, o.order_url, o.finalize_url, o.certificate_url, o.certificate,
                       o.reservation, o.attempt, to_json(o.problem), o.forced, o.next_action_at, o.created_at,
                       o.updated_at, model::is_final(o.status), to_json(o.tried));
}

model::QueueClass queue_class_from(std::int64_t number)
{
    return number >= 1 && number <= 4 ? static_cast<model::QueueClass>(number) : model::QueueClass::bulk;
}

Order read(sql::RowReader row)
{
    Order o;
    o.id = row.text();
    o.tenant = row.text();
    o.endpoint = row.text();
    o.account = row.text();
    o.queue_class = queue_class_from(row.integer());
    o.identifiers = texts_from(row.text());
    o.key_type = known_or(model::key_type_from(row.text()), o.key_type);
    o.profile = row.text();
    o.replaces = row.text();
    o.status = known_or(model::order_status_from(row.text()), o.status);
    if (auto challenge = model::challenge_type_from(row.text())) {
        o.challenge = *challenge;
    }
    o.csr_der = row.bytes();
    o.sealed_key = row.bytes();
    o.order_url = row.text();
    o.finalize_url = row.text();
    o.certificate_url = row.text();
    o.certificate = row.text();
    o.reservation = row.text();
    o.attempt = row.small();
    o.problem = problem_from(row.text());
    o.forced = row.flag();
    o.next_action_at = row.time();
    o.created_at = row.time();
    o.updated_at = row.time();
    static_cast<void>(row.flag());
    o.tried = texts_from(row.text());
    o.fence = row.integer();
    return o;
}

// Nothing was hit: because the order is not there, or because another node has taken it.
base::Result<> expect_lease(sql::Connection& db, const base::Result<sql::Rows>& rows, const Order& order)
{
    if (!rows) {
        return base::fail(rows.error());
    }
    if (!rows->empty()) {
        return {};
    }
    CHECKED(expect_row(db.execute("SELECT id FROM orders WHERE id = $1", sql::params(order.id)),
                       base::Errc::not_found, fmt::format("no order {}", order.id)));
    return base::fail(
        base::Error(base::Errc::conflict, fmt::format("another node has taken the order {}", order.id))
            .with_code("lease_lost"));
}

}  // namespace

base::Result<> Orders::insert(const Order& order)
{
    return expect_row(db_.execute(table().insert(), values(order)), base::Errc::conflict,
                      fmt::format("the order {} exists already", order.id));
}

base::Result<Order> Orders::get(const std::string& id)
{
    static const auto text = select("WHERE id = $1");
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(id)), read, "order",
                      id);
}

base::Result<> Orders::save(const Order& order)
{
    auto bound = values(order);
    static const auto text = [columns = bound.size()] {
        const std::string_view update = table().update();
        const auto where = update.find(" WHERE");
        const auto returning = update.find(" RETURNING");
        return fmt::format("{}, ready = 0{} AND fence = ${}{}", update.substr(0, where),
                           update.substr(where, returning - where), columns + 1, update.substr(returning));
    }();
    bound.push_back(sql::to_value(order.fence));
    return expect_lease(db_, db_.execute(text, bound), order);
}

base::Result<> Orders::extend(const Order& order, std::chrono::seconds duration)
{
    TRY(now, db_.now());
    return expect_lease(
        db_,
        db_.execute("UPDATE orders SET lease_until = $3, ready = 0 WHERE id = $1 AND fence = $2 RETURNING id",
                    sql::params(order.id, order.fence, now + duration)),
        order);
}

base::Result<> Orders::release(const Order& order)
{
    return expect_lease(
        db_,
        db_.execute(
            "UPDATE orders SET lease_node = '', lease_until = 0 WHERE id = $1 AND fence = $2 RETURNING id",
            sql::params(order.id, order.fence)),
        order);
}

base::Result<std::vector<Order>> Orders::of_endpoint(const std::string& endpoint, std::size_t limit)
{
    static const auto text = select("WHERE endpoint = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
    return records_of(db_.execute(text, sql::params(endpoint, limit)), read);
}

base::Result<std::optional<Order>> Orders::unfinished_of(const std::string& endpoint)
{
    static const auto text = select("WHERE endpoint = $1 AND finished = 0 ORDER BY created_at, id LIMIT 1");
    return maybe_record(db_.execute(text, sql::params(endpoint)), read);
}

base::Result<std::vector<std::pair<model::OrderStatus, std::int64_t>>> Orders::count_by_status()
{
    return records_of(
        db_.execute("SELECT status, COUNT(*) FROM orders WHERE finished = 0 GROUP BY status ORDER BY status"),
        [](sql::RowReader row) {
            const auto status = known_or(model::order_status_from(row.text()), model::OrderStatus::queued);
            return std::pair(status, row.integer());
        });
}

}  // namespace store
