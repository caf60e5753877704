#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

using model::Endpoint;

const sql::Table& table()
{
    static const sql::Table endpoints("endpoints", {"id",
                                                    "tenant",
                                                    "edge_group",
                                                    "names",
                                                    "kind",
                                                    "ip_filter",
                                                    "filter_at",
                                                    "upstream",
                                                    "key_types",
                                                    "label",
                                                    "alias",
                                                    "required_records",
                                                    "state",
                                                    "state_since",
                                                    "reason",
                                                    "retrying",
                                                    "next_attempt_at",
                                                    "serving",
                                                    "conditions",
                                                    "created_at",
                                                    "next_check_at",
                                                    "checks",
                                                    "deleted_at",
                                                    "ca_policy",
                                                    "profile",
                                                    "own_challenges"});
    return endpoints;
}

// The name that people point their CNAME at: the value of the first routing record.
std::string alias_of(const Endpoint& endpoint)
{
    for (const auto& record : endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::routing) {
            return record.value;
        }
    }
    return {};
}

sql::Params values(const Endpoint& e)
{
    return sql::params(e.id, e.tenant, e.edge_group, to_json(e.names), model::to_string(e.kind),
                       to_json(e.ip_filter), model::to_string(e.filter_at), e.upstream, to_json(e.key_types),
                       e.label, alias_of(e), to_json(e.required_records), model::to_string(e.status.state),
                       e.status.since, to_json(e.status.reason), e.status.retrying, e.status.next_attempt_at,
                       e.status.serving, to_json(e.status.conditions), e.created_at, e.next_check_at,
                       e.checks, e.deleted_at, to_json(e.ca_policy), e.profile, e.own_challenges);
}

Endpoint read(sql::RowReader row)
{
    Endpoint e;
    e.id = row.text();
    e.tenant = row.text();
    e.edge_group = row.text();
    e.names = names_from(row.text());
    e.kind = known_or(model::endpoint_kind_from(row.text()), e.kind);
    e.ip_filter = texts_from(row.text());
    e.filter_at = known_or(model::filter_at_from(row.text()), e.filter_at);
    e.upstream = row.text();
    e.key_types = key_types_from(row.text());
    e.label = row.text();
    static_cast<void>(row.text());  // The alias is part of the records.
    e.required_records = records_from(row.text());
    e.status.state = known_or(model::endpoint_state_from(row.text()), e.status.state);
    e.status.since = row.time();
    e.status.reason = problem_from(row.text());
    e.status.retrying = row.flag();
    e.status.next_attempt_at = row.maybe_time();
    e.status.serving = row.flag();
    e.status.conditions = conditions_from(row.text());
    e.created_at = row.time();
    e.next_check_at = row.maybe_time();
    e.checks = row.small();
    e.deleted_at = row.maybe_time();
    e.ca_policy = texts_from(row.text());
    e.profile = row.text();
    e.own_challenges = row.flag();
    if (e.names.empty()) {
        e.names.emplace_back();  // name() is always there.
    }
    if (e.key_types.empty()) {
        e.key_types.push_back(model::KeyType::ecdsa_p256);
    }
    return e;
}

base::Error name_in_use(std::string_view name)
{
    return base::Error(base::Errc::conflict, fmt::format("{} belongs to another endpoint", name))
        .with_code("name_in_use")
        .with_fix("delete the endpoint that has this name, or take the name out of it");
}

// Holds `name` for the endpoint, unless a live endpoint has it. ON CONFLICT waits for the other node's
// transaction.
base::Result<> take_name(sql::Connection& db, const std::string& endpoint, const std::string& name)
{
    CHECKED(db.execute("DELETE FROM endpoint_names WHERE endpoint = $1 AND name = $2 AND live = 0",
                       sql::params(endpoint, name)));
    auto taken = db.execute(
        "INSERT INTO endpoint_names (endpoint, name, live) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING "
        "RETURNING name",
        sql::params(endpoint, name));
    if (taken && taken->empty()) {
        return base::fail(name_in_use(name));
    }
    return expect_row(taken, base::Errc::conflict, name);
}

base::Result<std::vector<std::string>> held_names(sql::Connection& db, const std::string& endpoint)
{
    return records_of(
        db.execute("SELECT name FROM endpoint_names WHERE endpoint = $1 AND live = 1", sql::params(endpoint)),
        [](sql::RowReader row) { return row.text(); });
}

// Makes the live names of the endpoint those of the record; none when it is deleted. Released ones stay as
// history.
base::Result<> settle_names(sql::Connection& db, const Endpoint& endpoint)
{
    std::vector<std::string> wanted;
    if (!endpoint.deleted_at) {
        for (const auto& name : endpoint.names) {
            wanted.push_back(name.text());
        }
    }
    TRY(held, held_names(db, endpoint.id));
    for (const auto& name : held) {
        if (std::ranges::find(wanted, name) == wanted.end()) {
            CHECKED(db.execute("UPDATE endpoint_names SET live = 0 WHERE endpoint = $1 AND name = $2",
                               sql::params(endpoint.id, name)));
        }
    }
    for (const auto& name : wanted) {
        if (std::ranges::find(held, name) == held.end()) {
            CHECKED(take_name(db, endpoint.id, name));
        }
    }
    return {};
}

// A text as part of a LIKE pattern, escaped by '\'.
std::string containing(std::string_view text)
{
    std::string pattern = "%";
    for (const char each : text) {
        if (each == '%' || each == '_' || each == '\\') {
            pattern += '\\';
        }
        pattern += each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    }
    return pattern + "%";
}

// How to find a part of a name: where few names have it, by the endpoints that have them; where many have it,
// along the listing, which then comes across them soon. Reading all names once is what a search costs.
base::Result<> add_text(sql::Connection& db, const std::string& pattern, std::string& text,
                        sql::Params& values)
{
    constexpr std::size_t few = 1'000;
    TRY(matches, db.execute("SELECT endpoint FROM endpoint_names WHERE name LIKE $1 ESCAPE '\\' LIMIT $2",
                            sql::params(pattern, few + 1)));
    if (matches.size() > few) {
        values.push_back(pattern);
        text += fmt::format(
            " AND EXISTS (SELECT 1 FROM endpoint_names n WHERE n.endpoint = endpoints.id AND n.name"
            " LIKE ${} ESCAPE '\\')",
            values.size());
        return {};
    }
    // Lists of few lengths, so that there are few statements to prepare.
    std::size_t places = 4;
    while (places < matches.size()) {
        places *= 4;
    }
    text += " AND id IN (";
    for (std::size_t i = 0; i < places; ++i) {
        values.push_back(i < matches.size() ? matches[i].front() : sql::Value(std::string()));
        text += fmt::format("{}${}", i == 0 ? "" : ", ", values.size());
    }
    text += ")";
    return {};
}

// Only the conditions that are asked for, so that each listing is a walk along one index.
base::Result<std::pair<std::string, sql::Params>> listing(sql::Connection& db, const EndpointFilter& filter)
{
    std::string text = table().select() + " WHERE 1 = 1";
    sql::Params values;
    const auto add = [&](std::string_view condition, sql::Value value) {
        values.push_back(std::move(value));
        text += fmt::format(fmt::runtime(condition), values.size());
    };
    if (!filter.deleted) {
        text += " AND deleted_at IS NULL";
    }
    if (!filter.tenant.empty()) {
        add(" AND tenant = ${}", filter.tenant);
    }
    if (filter.state) {
        add(" AND state = ${}", sql::to_value(model::to_string(*filter.state)));
    }
    if (!filter.text.empty()) {
        CHECKED(add_text(db, containing(filter.text), text, values));
    }
    if (!filter.after.empty()) {
        TRY(cursor, cursor_from(filter.after));
        values.push_back(cursor.created_at);
        values.push_back(cursor.id);
        text += fmt::format(" AND (created_at, id) > (${}, ${})", values.size() - 1, values.size());
    }
    add(" ORDER BY created_at, id LIMIT ${}", sql::to_value(filter.limit + 1));
    return std::pair(std::move(text), std::move(values));
}

}  // namespace

base::Result<> Endpoints::insert(const Endpoint& endpoint)
{
    CHECKED(expect_row(db_.execute(table().insert(), values(endpoint)), base::Errc::conflict,
                       fmt::format("the endpoint {} or its label exists already", endpoint.id)));
    auto settled = settle_names(db_, endpoint);
    if (settled) {
        note_change(std::nullopt, endpoint);
    }
    if (!settled && db_.health() == sql::Health::usable && settled.error().code() == "name_in_use") {
        CHECKED(db_.execute("DELETE FROM endpoint_names WHERE endpoint = $1", sql::params(endpoint.id)));
        CHECKED(db_.execute("DELETE FROM endpoints WHERE id = $1", sql::params(endpoint.id)));
    }
    return settled;
}

base::Result<> Endpoints::update(const Endpoint& endpoint)
{
    TRY(before, counted_as(endpoint.id));
    CHECKED(expect_row(db_.execute(table().update(), values(endpoint)), base::Errc::not_found,
                       fmt::format("no endpoint {}", endpoint.id)));
    note_change(before, endpoint);
    return settle_names(db_, endpoint);
}

base::Result<Endpoint> Endpoints::get(const std::string& id)
{
    static const std::string plain = table().get();
    return one_record(db_.execute(plain + std::string(db_.dialect().row_lock), sql::params(id)), read,
                      "endpoint", id);
}

base::Result<Endpoint> Endpoints::find_by_name(const model::DomainName& name)
{
    static const auto text =
        table().select() + " WHERE id = (SELECT endpoint FROM endpoint_names WHERE name = $1 AND live = 1)";
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(name.text())), read,
                      "endpoint with the name", name.text());
}

base::Result<Endpoint> Endpoints::find_by_label(const std::string& label)
{
    static const auto text = table().select() + " WHERE label = $1";
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(label)), read,
                      "endpoint with the label", label);
}

base::Result<Page<Endpoint>> Endpoints::list(const EndpointFilter& filter)
{
    TRY(query, listing(db_, filter));
    TRY(records, records_of(db_.execute(query.first, query.second), read));
    return page_of(std::move(records), filter.limit);
}

base::Result<std::vector<Endpoint>> Endpoints::due_checks(base::Time now, std::size_t limit)
{
    static const auto text = table().select() +
                             " WHERE deleted_at IS NULL AND next_check_at IS NOT NULL AND next_check_at <= $1"
                             " ORDER BY next_check_at, id LIMIT $2";
    return records_of(db_.execute(text, sql::params(now, limit)), read);
}

}  // namespace store
