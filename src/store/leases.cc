#include "store/query.h"

namespace store {

base::Result<std::optional<model::Lease>> Leases::acquire(const std::string& name, const std::string& node,
                                                          std::chrono::seconds duration)
{
    TRY(now, db_.now());
    // The row stays when the lease ends, so that fences only grow. A lease that ended is a new one even for
    // its holder.
    auto rows = db_.execute(
        "INSERT INTO leases (name, node, fence, expires_at) VALUES ($1, $2, 1, $3) ON CONFLICT (name) DO "
        "UPDATE SET"
        " node = excluded.node, expires_at = excluded.expires_at, fence = CASE WHEN leases.node = "
        "excluded.node"
        " AND leases.expires_at > $4 THEN leases.fence ELSE leases.fence + 1 END"
        " WHERE leases.node = excluded.node OR leases.expires_at <= $4 RETURNING name, node, fence, "
        "expires_at",
        sql::params(name, node, now + duration, now));
    return maybe_record(std::move(rows), [](sql::RowReader row) {
        model::Lease lease;
        lease.name = row.text();
        lease.node = row.text();
        lease.fence = row.integer();
        lease.expires_at = row.time();
        return lease;
    });
}

base::Result<> Leases::release(const model::Lease& lease)
{
    CHECKED(db_.execute(
        "UPDATE leases SET node = '', expires_at = 0 WHERE name = $1 AND node = $2 AND fence = $3",
        sql::params(lease.name, lease.node, lease.fence)));
    return {};
}

base::Result<> Leases::check(const model::Lease& lease)
{
    TRY(now, db_.now());
    // The row lock keeps the lease ours until this transaction ends.
    static const std::string text =
        "SELECT fence FROM leases WHERE name = $1 AND node = $2 AND fence = $3 AND expires_at > $4";
    auto rows = db_.execute(text + std::string(db_.dialect().row_lock),
                            sql::params(lease.name, lease.node, lease.fence, now));
    if (rows && rows->empty()) {
        return base::fail(base::Error(base::Errc::conflict,
                                      fmt::format("{} no longer holds the lease {}", lease.node, lease.name))
                              .with_code("lease_lost"));
    }
    return expect_row(rows, base::Errc::conflict, lease.name);
}

}  // namespace store
