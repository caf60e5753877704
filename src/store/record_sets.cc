#include "store/query.h"
#include "store/record_tables.h"

namespace store {

namespace {

constexpr std::string_view set_columns =
    "SELECT zone, name, type, ttl, data, expires_at, source FROM record_sets ";

// Each value behind its length in two octets, as it travels.
base::Bytes joined(const std::vector<base::Bytes>& values)
{
    base::Bytes data;
    for (const auto& value : values) {
        data.push_back(static_cast<std::uint8_t>(value.size() >> 8));
        data.push_back(static_cast<std::uint8_t>(value.size()));
        data.insert(data.end(), value.begin(), value.end());
    }
    return data;
}

std::vector<base::Bytes> values_of(base::ByteView data)
{
    std::vector<base::Bytes> values;
    while (data.size() >= 2) {
        const std::size_t size = static_cast<std::size_t>(data[0]) << 8 | data[1];
        const auto value = data.subspan(2, std::min(size, data.size() - 2));
        values.emplace_back(value.begin(), value.end());
        data = data.subspan(2 + value.size());
    }
    return values;
}

model::RecordSet read_set(sql::RowReader row)
{
    model::RecordSet set;
    set.zone = row.text();
    set.name = row.text();
    set.type = static_cast<std::uint16_t>(row.integer());
    set.ttl = static_cast<std::uint32_t>(row.integer());
    set.values = values_of(row.bytes());
    set.expires_at = row.maybe_time();
    set.source = row.text();
    return set;
}

// A place in a zone: "<place in hexadecimal>.<type>".
struct SetCursor {
    base::Bytes place;
    std::int64_t type = -1;
};

base::Result<SetCursor> set_cursor_from(std::string_view text)
{
    SetCursor cursor;
    if (text.empty()) {
        return cursor;
    }
    const auto dot = text.find('.');
    auto place = base::from_hex(text.substr(0, dot));
    const auto digits = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor.type);
    if (!place || error != std::errc() || end != digits.data() + digits.size()) {
        return base::fail(invalid_cursor());
    }
    cursor.place = std::move(*place);
    return cursor;
}

// Notes the changed names that a statement returned; how many.
base::Result<std::size_t> note(Revisions& revisions, base::Result<sql::Rows> changed)
{
    TRY(names, records_of(std::move(changed), [](sql::RowReader row) { return row.text(); }));
    for (auto& name : names) {
        revisions.append(model::RevisionKind::records, std::move(name));
    }
    return names.size();
}

}  // namespace

base::Result<bool> RecordSets::put(model::RecordSet set)
{
    static constexpr std::string_view text =
        "INSERT INTO record_sets (name, zone, type, place, ttl, data, expires_at, source)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name, zone, type) DO UPDATE SET"
        " ttl = excluded.ttl, data = excluded.data, expires_at = excluded.expires_at,"
        " source = excluded.source WHERE record_sets.ttl <> excluded.ttl OR record_sets.data <> excluded.data"
        " OR COALESCE(record_sets.expires_at, 0) <> COALESCE(excluded.expires_at, 0)"
        " OR record_sets.source <> excluded.source RETURNING name";
    model::canonicalise(set);
    TRY(changed,
        note(revisions_,
             db_.execute(text, sql::params(set.name, set.zone, set.type, model::canonical_place(set.name),
                                           set.ttl, joined(set.values), set.expires_at, set.source))));
    return changed > 0;
}

base::Result<bool> RecordSets::remove(const std::string& zone, const std::string& name, std::uint16_t type)
{
    TRY(gone, note(revisions_, db_.execute("DELETE FROM record_sets WHERE name = $1 AND zone = $2"
                                           " AND type = $3 RETURNING name",
                                           sql::params(name, zone, type))));
    return gone > 0;
}

base::Result<std::vector<model::RecordSet>> RecordSets::of_name(const std::string& name)
{
    static const auto text = std::string(set_columns) + "WHERE name = $1 ORDER BY zone, type";
    return records_of(db_.execute(text, sql::params(name)), read_set);
}

base::Result<Page<model::RecordSet>> RecordSets::of_zone(const std::string& zone, const std::string& after,
                                                         std::size_t limit)
{
    static const auto text = std::string(set_columns) +
                             "WHERE zone = $1 AND (place, type) > ($2, $3) ORDER BY place, type LIMIT $4";
    TRY(cursor, set_cursor_from(after));
    TRY(sets,
        records_of(db_.execute(text, sql::params(zone, cursor.place, cursor.type, limit + 1)), read_set));
    Page<model::RecordSet> page;
    if (sets.size() > limit && limit > 0) {
        sets.resize(limit);
        page.next =
            fmt::format("{}.{}", base::to_hex(model::canonical_place(sets.back().name)), sets.back().type);
    }
    page.items = std::move(sets);
    return page;
}

base::Result<std::int64_t> RecordSets::count(const std::string& zone)
{
    return one_record(
        db_.execute("SELECT COUNT(*) FROM record_sets WHERE zone = $1", sql::params(zone)),
        [](sql::RowReader row) { return row.integer(); }, "count", "of record sets");
}

base::Result<std::size_t> RecordSets::expire(base::Time now, std::size_t limit)
{
    return note(revisions_, db_.execute("DELETE FROM record_sets WHERE (name, zone, type) IN"
                                        " (SELECT name, zone, type FROM record_sets WHERE expires_at <= $1"
                                        " ORDER BY expires_at LIMIT $2) RETURNING name",
                                        sql::params(now, limit)));
}

base::Result<std::size_t> RecordSets::clear(const std::string& zone, std::size_t limit)
{
    return note(revisions_, db_.execute("DELETE FROM record_sets WHERE (name, zone, type) IN"
                                        " (SELECT name, zone, type FROM record_sets WHERE zone = $1"
                                        " ORDER BY place, type LIMIT $2) RETURNING name",
                                        sql::params(zone, limit)));
}

}  // namespace store
