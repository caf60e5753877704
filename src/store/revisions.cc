#include "base/random.h"
#include "store/query.h"

#include <map>

namespace store {

namespace {

using model::Revision;

struct Head {
    model::Position position;
    std::int64_t compacted = 0;
};

base::Result<Head> read_head(sql::Connection& db)
{
    return one_record(
        db.execute("SELECT epoch, number, compacted FROM revision_head WHERE id = 1"),
        [](sql::RowReader row) {
            Head head;
            head.position.epoch = row.text();
            head.position.number = row.integer();
            head.compacted = row.integer();
            return head;
        },
        "revision head", "1");
}

// The newest of each (kind, key), ascending. A key that changed for several edge groups concerns all.
std::vector<Revision> coalesced(std::vector<Revision> rows)
{
    std::map<std::pair<model::RevisionKind, std::string>, Revision> newest;
    for (auto& row : rows) {
        auto [found, added] = newest.try_emplace({row.kind, row.key}, row);
        if (!added) {
            found->second.number = row.number;
            if (found->second.group != row.group) {
                found->second.group.clear();
            }
        }
    }
    rows.clear();
    for (auto& [subject, row] : newest) {
        rows.push_back(std::move(row));
    }
    std::ranges::sort(rows, {}, &Revision::number);
    return rows;
}

base::Error from_snapshot(std::string why)
{
    return base::Error(base::Errc::conflict, std::move(why)).with_code("snapshot_needed");
}

std::string_view keys_query(model::RevisionKind kind)
{
    switch (kind) {
        case model::RevisionKind::route:
            return "SELECT id FROM endpoints WHERE deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2";
        case model::RevisionKind::certificate:
            return "SELECT id FROM certificates WHERE state = 'live' AND id > $1 ORDER BY id LIMIT $2";
        case model::RevisionKind::token:
            return "SELECT token FROM challenge_tokens WHERE token > $1 ORDER BY token LIMIT $2";
        case model::RevisionKind::alias:
            return "SELECT alias FROM endpoints WHERE deleted_at IS NULL AND alias > $1 ORDER BY alias LIMIT "
                   "$2";
        case model::RevisionKind::txt:
            return "SELECT DISTINCT owner FROM challenge_txt WHERE owner > $1 ORDER BY owner LIMIT $2";
        case model::RevisionKind::group:
            return "SELECT name FROM edge_groups WHERE name > $1 ORDER BY name LIMIT $2";
        case model::RevisionKind::zone:
            return "SELECT apex FROM zones WHERE apex > $1 ORDER BY apex LIMIT $2";
        case model::RevisionKind::records:
            return "SELECT DISTINCT name FROM record_sets WHERE name > $1 ORDER BY name LIMIT $2";
    }
    return "";
}

}  // namespace

void Revisions::append(model::RevisionKind kind, std::string key, std::string group)
{
    pending_.push_back({.number = 0, .kind = kind, .key = std::move(key), .group = std::move(group)});
}

base::Result<model::Position> Revisions::head()
{
    TRY(head, read_head(db_));
    return head.position;
}

// One that is in the log no more is older than everything in it.
base::Result<model::Position> Revisions::newest_of_route(const std::string& endpoint)
{
    TRY(head, read_head(db_));
    TRY(rows,
        records_of(db_.execute("SELECT number FROM revisions WHERE kind = 'route' AND subject = $1 ORDER "
                               "BY number DESC LIMIT 1",
                               sql::params(endpoint)),
                   [](sql::RowReader row) { return row.integer(); }));
    return model::Position{head.position.epoch, rows.empty() ? head.compacted : rows.front()};
}

base::Result<std::vector<Revision>> Revisions::after(const model::Position& after, std::size_t limit)
{
    TRY(head, read_head(db_));
    if (after.epoch != head.position.epoch || after.number > head.position.number) {
        return base::fail(from_snapshot("the revision log has started anew"));
    }
    if (after.number < head.compacted) {
        return base::fail(from_snapshot(fmt::format("revisions up to {} have been dropped", head.compacted)));
    }
    TRY(rows, records_of(db_.execute("SELECT number, kind, subject, edge_group FROM revisions WHERE number > "
                                     "$1 ORDER BY number LIMIT $2",
                                     sql::params(after.number, limit)),
                         [](sql::RowReader row) {
                             Revision revision;
                             revision.number = row.integer();
                             const auto kind = model::revision_kind_from(row.text());
                             revision.kind = kind ? *kind : model::RevisionKind::group;
                             revision.key = row.text();
                             revision.group = row.text();
                             return revision;
                         }));
    return coalesced(std::move(rows));
}

base::Result<> Revisions::compact(std::int64_t number)
{
    CHECKED(db_.execute(
        "UPDATE revision_head SET compacted = $1 WHERE id = 1 AND compacted < $1 AND number >= $1",
        sql::params(number)));
    CHECKED(db_.execute(
        "DELETE FROM revisions WHERE number <= (SELECT compacted FROM revision_head WHERE id = 1)"));
    return {};
}

base::Result<> Revisions::new_epoch()
{
    CHECKED(
        db_.execute("UPDATE revision_head SET epoch = $1 WHERE id = 1", sql::params(base::random_label(20))));
    return {};
}

base::Result<std::vector<std::string>> Revisions::keys(model::RevisionKind kind, const std::string& after,
                                                       std::size_t limit)
{
    return records_of(db_.execute(keys_query(kind), sql::params(after, limit)),
                      [](sql::RowReader row) { return row.text(); });
}

std::vector<Revision> Revisions::take_pending()
{
    return std::exchange(pending_, {});
}

}  // namespace store
