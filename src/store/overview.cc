// Counts for an overview: of counters, or within one index.
#include "store/json_text.h"
#include "store/query.h"
#include "store/session_tables.h"

namespace store {

namespace {

// The number of the first of `count` bounds, $1 and following, that not_after is before.
std::string bucket_of_end(std::size_t count)
{
    std::string text = "CASE";
    for (std::size_t i = 0; i < count; ++i) {
        text += fmt::format(" WHEN not_after < ${} THEN {}", i + 1, i);
    }
    return text + fmt::format(" ELSE {} END", count);
}

}  // namespace

base::Result<std::vector<std::pair<model::EndpointState, std::int64_t>>> Overview::by_state(
    const std::string& tenant)
{
    if (tenant.empty()) {
        return Endpoints(db_).count_by_state();
    }
    const auto read = [](sql::RowReader row) {
        const auto state =
            known_or(model::endpoint_state_from(row.text()), model::EndpointState::pending_dns);
        return std::pair(state, row.integer());
    };
    return records_of(db_.execute("SELECT state, total FROM endpoint_counts WHERE tenant = $1 AND total > 0"
                                  " ORDER BY state",
                                  sql::params(tenant)),
                      read);
}

base::Result<std::vector<std::int64_t>> Overview::by_end(const std::string& tenant,
                                                         const std::vector<base::Time>& bounds)
{
    std::vector<sql::Value> values;
    for (const auto& bound : bounds) {
        values.emplace_back(base::to_millis(bound));
    }
    std::string where = " WHERE state = 'live'";
    if (!tenant.empty()) {
        values.emplace_back(tenant);
        where += fmt::format(" AND tenant = ${}", values.size());
    }
    const auto text = "SELECT " + bucket_of_end(bounds.size()) + " AS bucket, COUNT(*) FROM certificates" +
                      where + " GROUP BY bucket ORDER BY bucket";
    TRY(found, records_of(db_.execute(text, values), [](sql::RowReader row) {
            const auto bucket = static_cast<std::size_t>(row.integer());
            return std::pair(bucket, row.integer());
        }));
    std::vector<std::int64_t> counts(bounds.size() + 1);
    for (const auto& [bucket, count] : found) {
        counts.at(bucket) = count;
    }
    return counts;
}

}  // namespace store
