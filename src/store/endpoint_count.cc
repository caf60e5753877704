// Counters of endpoints by tenant and state, kept with every change, so that nobody counts rows.
#include "store/json_text.h"
#include "store/query.h"

#include <utility>

namespace store {

namespace {

// Live endpoints whose line is missing or tells of another tenant or other names. An older program writes no
// lines; what it changed in the last days is young or in the log of revisions, so no other is looked at.
base::Result<SearchLines> stale_lines(sql::Connection& db)
{
    TRY(now, db.now());
    TRY(rows, db.execute("SELECT id, tenant, names FROM endpoints WHERE deleted_at IS NULL AND id IN"
                         " (SELECT id FROM endpoints WHERE deleted_at IS NULL AND created_at > $1"
                         " UNION SELECT subject FROM revisions WHERE kind = 'route')"
                         " AND NOT EXISTS (SELECT 1 FROM search_lines l WHERE l.endpoint = endpoints.id"
                         " AND l.tenant = endpoints.tenant AND l.names = endpoints.names)",
                         sql::params(now - std::chrono::days(2))));
    SearchLines stale;
    for (const auto& each : rows) {
        sql::RowReader row(each);
        auto id = row.text();
        auto tenant = row.text();
        stale.emplace(std::move(id), SearchLine{std::move(tenant), row.text()});
    }
    return stale;
}

}  // namespace

base::Result<std::optional<Endpoints::Stored>> Endpoints::stored(const std::string& id)
{
    return maybe_record(
        db_.execute("SELECT tenant, state, deleted_at, names FROM endpoints WHERE id = $1", sql::params(id)),
        [](sql::RowReader row) {
            Stored stored;
            stored.key.first = row.text();
            stored.key.second = row.text();
            stored.deleted = row.maybe_time().has_value();
            stored.names = row.text();
            return stored;
        });
}

void Endpoints::note_change(const std::optional<Stored>& before, const model::Endpoint& endpoint)
{
    const bool was = before && !before->deleted;
    if (was) {
        --pending_[before->key];
    }
    if (endpoint.deleted_at) {
        lines_.insert_or_assign(endpoint.id, std::nullopt);
        return;
    }
    ++pending_[CountKey(endpoint.tenant, model::to_string(endpoint.status.state))];
    auto names = to_json(endpoint.names);
    if (!was || before->key.first != endpoint.tenant || before->names != names) {
        lines_.insert_or_assign(endpoint.id, SearchLine{endpoint.tenant, std::move(names)});
    }
}

EndpointCounts Endpoints::take_pending()
{
    return std::exchange(pending_, {});
}

SearchLines Endpoints::take_lines()
{
    return std::exchange(lines_, {});
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

base::Result<std::vector<std::pair<model::EndpointState, std::int64_t>>> Endpoints::count_by_state(
    const std::string& tenant)
{
    const auto rows =
        tenant.empty()
            ? db_.execute("SELECT state, total FROM endpoint_totals WHERE total > 0 ORDER BY state")
            : db_.execute(
                  "SELECT state, total FROM endpoint_counts WHERE tenant = $1 AND total > 0 ORDER BY state",
                  sql::params(tenant));
    return records_of(rows, [](sql::RowReader row) {
        const auto state =
            known_or(model::endpoint_state_from(row.text()), model::EndpointState::pending_dns);
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
    CHECKED(db_.execute("DELETE FROM endpoint_totals"));
    CHECKED(
        db_.execute("INSERT INTO endpoint_totals (state, total) SELECT state, CAST(SUM(total) AS BIGINT)"
                    " FROM endpoint_counts GROUP BY state"));
    TRY(stale, stale_lines(db_));
    lines_.merge(stale);
    return {};
}

}  // namespace store
