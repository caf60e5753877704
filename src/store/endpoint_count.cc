#include "store/query.h"

namespace store {

base::Result<std::int64_t> Endpoints::count(const std::string& tenant)
{
    return one_record(
        db_.execute("SELECT COUNT(*) FROM endpoints WHERE tenant = $1 AND deleted_at IS NULL",
                    sql::params(tenant)),
        [](sql::RowReader row) { return row.integer(); }, "tenant", tenant);
}

}  // namespace store
