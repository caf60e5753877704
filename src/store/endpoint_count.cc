// Counters of endpoints by tenant and state, kept with every change, so that nobody counts rows.
#include "store/json_text.h"
#include "store/query.h"

#include <utility>

namespace store {

// Where the stored row is counted; nowhere when it is deleted or not there.
base::Result<std::optional<Endpoints::CountKey>> Endpoints::counted_as(const std::string& id)
{
    TRY(found, maybe_record(db_.execute("SELECT tenant, state, deleted_at FROM endpoints WHERE id = $1",
                                        sql::params(id)),
                            [](sql::RowReader row) {
                                CountKey key;
                                key.first = row.text();
                                key.second = row.text();
                                return row.maybe_time() ? std::optional<CountKey>() : std::optional(key);
                            }));
    return found.value_or(std::nullopt);
}

void Endpoints::note_change(const std::optional<CountKey>& before, const model::Endpoint& endpoint)
{
    if (before) {
        --pending_[*before];
    }
    if (!endpoint.deleted_at) {
        ++pending_[CountKey(endpoint.tenant, model::to_string(endpoint.status.state))];
    }
}

EndpointCounts Endpoints::take_pending()
{
    return std::exchange(pending_, {});
}

base::Result<std::int64_t> Endpoints::count(const std::string& tenant)
{
    TRY(stored, one_record(
                    db_.execute("SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM endpoint_counts"
                                " WHERE tenant = $1",
                                sql::params(tenant)),
                    [](sql::RowReader row) { return row.integer(); }, "tenant", tenant));
    std::int64_t total = stored;
    const auto add = [&](const EndpointCounts& counts) {
        for (const auto& [key, change] : counts) {
            total += key.first == tenant ? change : 0;
        }
    };
    add(pending_);
    if (batch_ != nullptr) {
        add(*batch_);
    }
    return total;
}

base::Result<std::vector<std::pair<model::EndpointState, std::int64_t>>> Endpoints::count_by_state()
{
    return records_of(db_.execute("SELECT state, CAST(SUM(total) AS BIGINT) FROM endpoint_counts"
                                  " GROUP BY state HAVING SUM(total) > 0 ORDER BY state"),
                      [](sql::RowReader row) {
                          const auto state = known_or(model::endpoint_state_from(row.text()),
                                                      model::EndpointState::pending_dns);
                          return std::pair(state, row.integer());
                      });
}

// What earlier operations of the batch changed is in the rows already, and is going to be added at its end.
base::Result<> Endpoints::recount()
{
    pending_.clear();
    if (batch_ != nullptr) {
        for (const auto& [key, change] : *batch_) {
            pending_[key] = -change;
        }
    }
    CHECKED(db_.execute("DELETE FROM endpoint_counts"));
    CHECKED(
        db_.execute("INSERT INTO endpoint_counts (tenant, state, total) SELECT tenant, state, COUNT(*)"
                    " FROM endpoints WHERE deleted_at IS NULL GROUP BY tenant, state"));
    return {};
}

}  // namespace store
