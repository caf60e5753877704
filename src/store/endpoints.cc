#include "store/claims.h"
#include "store/json_text.h"
#include "store/query.h"
#include "store/search.h"
#include "store/sql/table.h"

#include <algorithm>
#include <iterator>
#include <map>

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
                                                    "own_challenges",
                                                    "vouched",
                                                    "bulk",
                                                    "behind_proxies",
                                                    "redirect_to",
                                                    "redirect_status",
                                                    "redirect_keep_path",
                                                    "on_demand",
                                                    "forwarding",
                                                    "hsts",
                                                    "plain_http"});
    return endpoints;
}

// The name that people point their CNAME or, at an apex, their ALIAS at.
std::string alias_of(const Endpoint& endpoint)
{
    for (const auto& record : endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::routing) {
            return record.alternatives.empty() ? record.value : record.alternatives.front().value;
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
                       e.checks, e.deleted_at, to_json(e.ca_policy), e.profile, e.own_challenges, e.vouched,
                       e.bulk, e.behind_proxies, e.redirect.to, e.redirect.status, e.redirect.keep_path,
                       e.on_demand, to_json(e.forwarding), to_json(e.hsts), model::to_string(e.plain_http));
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
    e.vouched = row.flag();
    e.bulk = row.flag();
    e.behind_proxies = row.flag();
    e.redirect.to = row.text();
    e.redirect.status = row.small();
    e.redirect.keep_path = row.flag();
    e.on_demand = row.flag();
    e.forwarding = forwarding_from(row.text());
    e.hsts = hsts_from(row.text());
    e.plain_http = known_or(model::plain_http_from(row.text()), e.plain_http);
    if (e.names.empty()) {
        e.names.emplace_back();  // name() is always there.
    }
    if (e.key_types.empty()) {
        e.key_types.push_back(model::KeyType::ecdsa_p256);
    }
    return e;
}

// Only the conditions that are asked for, so that each listing is a walk along one index.
base::Result<std::pair<std::string, sql::Params>> listing(const EndpointFilter& filter,
                                                          const std::optional<Needle>& needle)
{
    std::string text = table().select() + " WHERE deleted_at IS NULL";
    sql::Params values;
    const auto add = [&](std::string_view condition, sql::Value value) {
        values.push_back(std::move(value));
        text += fmt::format(fmt::runtime(condition), values.size());
    };
    if (!filter.tenant.empty()) {
        add(" AND tenant = ${}", filter.tenant);
    }
    if (filter.state) {
        add(" AND state = ${}", sql::to_value(model::to_string(*filter.state)));
    }
    if (filter.redirects) {
        text += " AND redirect_to <> ''";
    }
    if (needle) {
        // A value of each row, so that PostgreSQL does not look for all lines with the text first.
        add(" AND (SELECT l.names FROM search_lines l WHERE l.endpoint = endpoints.id) LIKE ${} ESCAPE '\\'",
            needle->pattern());
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
        CHECKED(db_.execute("DELETE FROM name_holders WHERE endpoint = $1", sql::params(endpoint.id)));
        CHECKED(db_.execute("DELETE FROM endpoint_names WHERE endpoint = $1", sql::params(endpoint.id)));
        CHECKED(db_.execute("DELETE FROM endpoints WHERE id = $1", sql::params(endpoint.id)));
    }
    return settled;
}

base::Result<> Endpoints::update(const Endpoint& endpoint)
{
    TRY(before, stored(endpoint.id));
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

base::Result<Endpoint> Endpoints::find_by_name(const model::DomainName& name, const std::string& tenant)
{
    static const auto of_tenant =
        table().select() +
        " WHERE id = (SELECT endpoint FROM endpoint_names WHERE name = $1 AND tenant = $2 AND live = 1)";
    static const auto of_anyone =
        table().select() +
        " WHERE id = COALESCE((SELECT endpoint FROM name_holders WHERE name = $1),"
        " (SELECT endpoint FROM endpoint_names WHERE name = $1 AND live = 1 ORDER BY tenant LIMIT 1))";
    const std::string lock(db_.dialect().row_lock);
    return one_record(tenant.empty() ? db_.execute(of_anyone + lock, sql::params(name.text()))
                                     : db_.execute(of_tenant + lock, sql::params(name.text(), tenant)),
                      read, "endpoint with the name", name.text());
}

base::Result<Endpoint> Endpoints::find_by_label(const std::string& label)
{
    static const auto text = table().select() + " WHERE label = $1";
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(label)), read,
                      "endpoint with the label", label);
}

base::Result<Page<Endpoint>> Endpoints::list(const EndpointFilter& filter)
{
    std::optional<Needle> needle;
    if (!filter.text.empty()) {
        needle = Needle::of(filter.text);
        if (!needle) {
            return Page<Endpoint>();
        }
        TRY(by_text, search_goes_by_text(db_, filter));
        if (by_text) {
            TRY(found, search_page(db_, filter, *needle));
            TRY(items, in_order(found.items));
            return Page<Endpoint>{.items = std::move(items), .next = std::move(found.next)};
        }
    }
    TRY(query, listing(filter, needle));
    TRY(records, records_of(db_.execute(query.first, query.second), read));
    return page_of(std::move(records), filter.limit);
}

base::Result<std::vector<Endpoint>> Endpoints::in_order(std::span<const std::string> ids)
{
    constexpr std::size_t at_once = 100;
    static const auto text = fmt::format("{} WHERE id IN ({})", table().select(), sql::places(1, at_once));
    std::map<std::string, Endpoint> found;
    for (std::size_t from = 0; from < ids.size(); from += at_once) {
        sql::Params values(at_once, sql::Value(std::string()));
        std::ranges::copy(ids.subspan(from, std::min(at_once, ids.size() - from)), values.begin());
        TRY(records, records_of(db_.execute(text, values), read));
        for (auto& each : records) {
            found.emplace(each.id, std::move(each));
        }
    }
    std::vector<Endpoint> ordered;
    for (const auto& id : ids) {
        if (const auto each = found.find(id); each != found.end()) {
            ordered.push_back(std::move(each->second));
        }
    }
    return ordered;
}

namespace {

constexpr std::string_view due_in_order =
    " WHERE deleted_at IS NULL AND next_check_at IS NOT NULL AND next_check_at <= $1"
    " ORDER BY next_check_at, id LIMIT ";
constexpr std::size_t looked_through = 100'000;

// Each tenant's first, then each one's second, and so on; the longest due first.
void take_turns(std::vector<Endpoint>& due)
{
    const auto when = [](const Endpoint& each) { return std::pair(each.next_check_at, each.id); };
    std::ranges::sort(due, {}, when);
    std::map<std::string, std::size_t> turns;
    std::map<std::size_t, std::vector<Endpoint>> rounds;
    for (auto& each : due) {
        const auto turn = turns[each.tenant]++;
        rounds[turn].push_back(std::move(each));
    }
    due.clear();
    for (auto& [turn, all] : rounds) {
        std::ranges::move(all, std::back_inserter(due));
    }
}

}  // namespace

base::Result<std::vector<Endpoint>> Endpoints::due_checks(base::Time now, std::size_t limit)
{
    static const auto plain = fmt::format("{}{}$2", table().select(), due_in_order);
    TRY(due, records_of(db_.execute(plain, sql::params(now, limit)), read));
    if (due.size() < limit) {
        return std::move(due);
    }
    static const auto fair = fmt::format(
        "{} WHERE id IN (SELECT id FROM (SELECT id, next_check_at,"
        " ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY next_check_at, id) AS turn"
        " FROM (SELECT id, tenant, next_check_at FROM endpoints{}{}) AS due) AS turns"
        " ORDER BY turn, next_check_at, id LIMIT $2)",
        table().select(), due_in_order, looked_through);
    TRY(chosen, records_of(db_.execute(fair, sql::params(now, limit)), read));
    take_turns(chosen);
    return std::move(chosen);
}

}  // namespace store
