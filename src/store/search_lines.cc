// The index of names is written: each live endpoint has a line, numbered in the order of commits from the
// revision head; each 4,096 lines become a block, written once.
#include "store/name_block.h"
#include "store/query.h"
#include "store/search.h"
#include "store/sql/many_rows.h"

#include <algorithm>

namespace store {

namespace {

base::Result<> seal_block(sql::Connection& db, std::int64_t block)
{
    static const sql::ManyRows rows("INSERT INTO search_blocks (pair, block, places)", 3);
    constexpr std::int64_t lines_at_once = 256;  // Each may have a hundred long names.
    const auto before = block * lines_a_block;
    NameBlock made;
    for (auto after = before; after < before + lines_a_block; after += lines_at_once) {
        TRY(lines,
            db.execute("SELECT number, tenant, names FROM search_lines WHERE number > $1 AND number <= $2",
                       sql::params(after, after + lines_at_once)));
        for (const auto& each : lines) {
            sql::RowReader row(each);
            const auto place = static_cast<std::size_t>(row.integer() - before - 1);
            const auto tenant = row.text();
            made.add(place, tenant, row.text());
        }
    }
    std::vector<sql::Params> values;
    for (auto& [pair, places] : made.rows()) {
        values.push_back(sql::params(pair, block, places));
    }
    return rows.insert(db, values);
}

}  // namespace

std::int64_t count_new(const SearchLines& lines)
{
    return std::ranges::count_if(lines, [](const auto& each) { return each.second.has_value(); });
}

base::Result<> write_lines(sql::Connection& db, const SearchLines& lines, std::int64_t first)
{
    static const sql::ManyRows rows("INSERT INTO search_lines (number, endpoint, tenant, names)", 4,
                                    " ON CONFLICT (endpoint) DO UPDATE SET number = excluded.number,"
                                    " tenant = excluded.tenant, names = excluded.names");
    std::vector<sql::Params> added;
    for (const auto& [endpoint, line] : lines) {
        if (line) {
            added.push_back(sql::params(first++, endpoint, line->tenant, line->names));
        } else {
            CHECKED(db.execute("DELETE FROM search_lines WHERE endpoint = $1", sql::params(endpoint)));
        }
    }
    return rows.insert(db, added);
}

base::Result<> seal_blocks(sql::Connection& db, std::int64_t line, std::int64_t sealed)
{
    for (; line - sealed >= lines_a_block; sealed += lines_a_block) {
        CHECKED(seal_block(db, sealed / lines_a_block));
        CHECKED(db.execute("UPDATE revision_head SET sealed = $1 WHERE id = 1",
                           sql::params(sealed + lines_a_block)));
    }
    return {};
}

namespace {

// True when a block was sealed, so that another may follow.
base::Result<bool> seal_next(sql::Connection& db)
{
    TRY(rows, db.execute("SELECT line, sealed FROM revision_head WHERE id = 1" +
                         std::string(db.dialect().row_lock)));
    if (rows.empty()) {
        return false;
    }
    sql::RowReader row(rows.front());
    const auto line = row.integer();
    const auto sealed = row.integer();
    if (line - sealed < lines_a_block) {
        return false;
    }
    CHECKED(seal_blocks(db, sealed + lines_a_block, sealed));
    return true;
}

}  // namespace

base::Result<> seal_rest(sql::Connection& db)
{
    for (bool more = true; more;) {
        CHECKED(db.begin());
        auto sealed = seal_next(db);
        if (!sealed) {
            db.rollback();
            return base::fail(std::move(sealed).error());
        }
        CHECKED(db.commit());
        more = *sealed;
    }
    return {};
}

}  // namespace store
