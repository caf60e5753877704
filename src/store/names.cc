#include "store/claims.h"
#include "store/query.h"

#include <algorithm>

namespace store {

namespace {

using model::Endpoint;

struct Claim {
    std::string name;
    std::string tenant;
};

base::Error name_in_use(const model::DomainName& name)
{
    return base::Error(base::Errc::conflict, fmt::format("'{}' is already in use here", name.display()))
        .with_code("name_in_use")
        .with_fix("Remove it where it is used, or ask the operator if the name is yours.");
}

base::Result<std::vector<Claim>> claims_of(sql::Connection& db, const std::string& endpoint)
{
    return records_of(db.execute("SELECT name, tenant FROM endpoint_names WHERE endpoint = $1 AND live = 1",
                                 sql::params(endpoint)),
                      [](sql::RowReader row) {
                          Claim claim;
                          claim.name = row.text();
                          claim.tenant = row.text();
                          return claim;
                      });
}

base::Result<> release(sql::Connection& db, const std::string& endpoint, const std::string& name)
{
    CHECKED(db.execute("UPDATE endpoint_names SET live = 0 WHERE endpoint = $1 AND name = $2",
                       sql::params(endpoint, name)));
    CHECKED(db.execute("DELETE FROM name_holders WHERE name = $2 AND endpoint = $1",
                       sql::params(endpoint, name)));
    return {};
}

// ON CONFLICT waits for another node's transaction.
base::Result<bool> try_hold(sql::Connection& db, const std::string& endpoint, const std::string& name)
{
    TRY(held, db.execute("INSERT INTO name_holders (name, endpoint) VALUES ($1, $2) ON CONFLICT (name) DO "
                         "UPDATE SET endpoint = excluded.endpoint WHERE name_holders.endpoint = "
                         "excluded.endpoint RETURNING name",
                         sql::params(name, endpoint)));
    return !held.empty();
}

// Claims `name` for the endpoint, unless another one of its tenant does.
base::Result<> claim(sql::Connection& db, const Endpoint& endpoint, const model::DomainName& name)
{
    CHECKED(db.execute("DELETE FROM endpoint_names WHERE endpoint = $1 AND name = $2 AND live = 0",
                       sql::params(endpoint.id, name.text())));
    auto taken = db.execute(
        "INSERT INTO endpoint_names (endpoint, name, live, tenant, registrable) VALUES ($1, $2, "
        "1, $3, $4) ON CONFLICT DO NOTHING RETURNING name",
        sql::params(endpoint.id, name.text(), endpoint.tenant, name.registrable()));
    if (taken && taken->empty()) {
        return base::fail(name_in_use(name));
    }
    CHECKED(expect_row(taken, base::Errc::conflict, name.text()));
    if (!endpoint.vouched) {
        return {};
    }
    TRY(held, try_hold(db, endpoint.id, name.text()));
    return held ? base::Result<>() : base::fail(name_in_use(name));
}

}  // namespace

base::Result<> settle_names(sql::Connection& db, const Endpoint& endpoint)
{
    std::vector<model::DomainName> wanted;
    if (!endpoint.deleted_at) {
        wanted = endpoint.names;
    }
    TRY(claims, claims_of(db, endpoint.id));
    for (const auto& each : claims) {
        if (std::ranges::find(wanted, each.name, &model::DomainName::text) == wanted.end()) {
            CHECKED(release(db, endpoint.id, each.name));
        } else if (each.tenant != endpoint.tenant) {
            CHECKED(db.execute("UPDATE endpoint_names SET tenant = $3 WHERE endpoint = $1 AND name = $2",
                               sql::params(endpoint.id, each.name, endpoint.tenant)));
        }
    }
    for (const auto& name : wanted) {
        if (std::ranges::find(claims, name.text(), &Claim::name) == claims.end()) {
            CHECKED(claim(db, endpoint, name));
        }
    }
    return {};
}

base::Result<std::optional<std::string>> Names::holder(const model::DomainName& name)
{
    return maybe_record(
        db_.execute("SELECT endpoint FROM name_holders WHERE name = $1", sql::params(name.text())),
        [](sql::RowReader row) { return row.text(); });
}

base::Result<std::vector<std::string>> Names::held_by(const std::string& endpoint)
{
    return records_of(db_.execute("SELECT name FROM name_holders WHERE endpoint = $1", sql::params(endpoint)),
                      [](sql::RowReader row) { return row.text(); });
}

base::Result<bool> Names::hold(const std::string& endpoint, const model::DomainName& name)
{
    return try_hold(db_, endpoint, name.text());
}

base::Result<> Names::take_over(const std::string& endpoint, const model::DomainName& name)
{
    CHECKED(
        db_.execute("INSERT INTO name_holders (name, endpoint) VALUES ($1, $2) ON CONFLICT (name) DO "
                    "UPDATE SET endpoint = excluded.endpoint",
                    sql::params(name.text(), endpoint)));
    return {};
}

base::Result<> Names::check_others(const std::string& endpoint, const model::DomainName& name, base::Time now)
{
    CHECKED(
        db_.execute("UPDATE endpoints SET next_check_at = $3 WHERE id IN (SELECT endpoint FROM "
                    "endpoint_names WHERE name = $2 AND live = 1) AND id <> $1 AND next_check_at > $3",
                    sql::params(endpoint, name.text(), now)));
    return {};
}

base::Result<std::int64_t> Names::count(const std::string& tenant, const std::string& registrable)
{
    return one_record(
        db_.execute("SELECT COUNT(*) FROM endpoint_names WHERE tenant = $1 AND registrable = $2 AND live = 1",
                    sql::params(tenant, registrable)),
        [](sql::RowReader row) { return row.integer(); }, "count of names under", registrable);
}

base::Result<std::int64_t> Names::count_on_demand(const std::string& tenant, const std::string& registrable)
{
    return one_record(
        db_.execute(
            "SELECT COUNT(*) FROM endpoint_names n, endpoints e WHERE n.tenant = $1 AND n.registrable = "
            "$2 AND n.live = 1 AND e.id = n.endpoint AND e.on_demand = 1",
            sql::params(tenant, registrable)),
        [](sql::RowReader row) { return row.integer(); }, "count of names under", registrable);
}

}  // namespace store
