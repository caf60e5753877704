#include "planner_fill.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace bench {

namespace {

constexpr int first_id = 10'000'000;
constexpr int parents = 5'000;

// Columns with the value that a copy has in them; the others are the same.
struct Copied {
    std::string_view table;
    std::string_view key;  // an id: a prefix of `prefix` characters and a number
    int prefix;
    std::vector<std::string_view> columns;
    std::map<std::string_view, std::string> changed;
};

std::string copy_text(const Copied& copied, int made, int add)
{
    const auto old = fmt::format("CAST(substr({}, {}) AS BIGINT)", copied.key, copied.prefix + 1);
    std::string columns;
    std::string values;
    for (const auto column : copied.columns) {
        const auto found = copied.changed.find(column);
        std::string value(found == copied.changed.end() ? column : found->second);
        for (auto at = value.find('@'); at != std::string::npos; at = value.find('@')) {
            value.replace(at, 1, fmt::format("({} + {})", old, made - first_id));
        }
        columns += fmt::format("{}{}", columns.empty() ? "" : ", ", column);
        values += fmt::format("{}{}", values.empty() ? "" : ", ", value);
    }
    return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} WHERE {} < {}", copied.table, columns, values,
                       copied.table, old, first_id + add);
}

// '@' is the number of the copy.
std::string id(std::string_view prefix)
{
    return fmt::format("'{}_' || CAST(@ + {} AS TEXT)", prefix, first_id);
}

const std::string& name_text()
{
    static const auto text =
        fmt::format("'shop' || CAST(@ AS TEXT) || '.c' || CAST(@ % {} AS TEXT) || '.example'", parents);
    return text;
}

std::string listed(const std::string& text)
{
    return "'[\"' || " + text + " || '\"]'";
}

std::vector<Copied> copies()
{
    const auto created = fmt::format("{} + @", first_created);
    return {
        {"endpoints",
         "id",
         3,
         {"id",
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
          "vouched"},
         {{"id", id("ep")},
          {"names", listed(name_text())},
          {"label", "'l' || CAST(@ AS TEXT)"},
          {"alias", "'l' || CAST(@ AS TEXT) || '.platform.test'"},
          {"created_at", created}}},
        {"endpoint_names",
         "endpoint",
         3,
         {"endpoint", "name", "live", "tenant", "registrable"},
         {{"endpoint", id("ep")},
          {"name", name_text()},
          {"registrable", fmt::format("'c' || CAST(@ % {} AS TEXT) || '.example'", parents)}}},
        {"name_holders",
         "endpoint",
         3,
         {"name", "endpoint"},
         {{"endpoint", id("ep")}, {"name", name_text()}}},
        {"certificates",
         "id",
         4,
         {"id",         "tenant",  "endpoint", "edge_group",  "source",     "state",     "identifiers",
          "key_type",   "issuer",  "serial",   "sha256",      "not_before", "not_after", "chain_pem",
          "sealed_key", "account", "order_id", "replaced_by", "renew_at",   "created_at"},
         {{"id", id("crt")},
          {"endpoint", id("ep")},
          {"identifiers", listed(name_text())},
          {"created_at", created}}},
        {"orders",
         "id",
         4,
         {"id",         "tenant",    "endpoint",     "account",         "queue_class", "identifiers",
          "key_type",   "profile",   "replaces",     "status",          "challenge",   "csr_der",
          "sealed_key", "order_url", "finalize_url", "certificate_url", "certificate", "reservation",
          "attempt",    "problem",   "forced",       "next_action_at",  "created_at",  "updated_at",
          "finished",   "tried"},
         {{"id", id("ord")},
          {"endpoint", id("ep")},
          {"identifiers", listed(name_text())},
          {"created_at", created}}},
        {"renewal_advice",
         "ari_id",
         4,
         {"ari_id", "certificate", "account", "window_start", "window_end", "chosen_at", "explanation_url",
          "next_poll_at", "answered_at", "failures", "replaces_refused"},
         {{"ari_id", id("ari")}, {"certificate", id("crt")}}},
    };
}

// Without the time limits of the store's own transactions.
base::Result<> run_all(sql::Connection& db, const std::vector<std::string>& texts)
{
    CHECKED(db.run("BEGIN"));
    for (const auto& text : texts) {
        CHECKED(db.run(text));
    }
    return db.run("COMMIT");
}

// The broken one waits; the others are done.
base::Result<> insert_order(store::Transaction& tx, const model::Endpoint& endpoint, int number,
                            base::Time now)
{
    model::Order order;
    order.id = "ord_" + number_text(number);
    order.tenant = endpoint.tenant;
    order.endpoint = endpoint.id;
    order.account = "ca_1";
    order.identifiers = {endpoint.name().text()};
    order.status = is_broken(number) ? model::OrderStatus::queued : model::OrderStatus::deployed;
    order.next_action_at = now + std::chrono::hours(5);
    order.created_at = endpoint.created_at;
    order.updated_at = endpoint.created_at;
    return tx.orders.insert(order);
}

}  // namespace

std::string number_text(int number)
{
    return std::to_string(first_id + number);
}

std::string name_of(int number)
{
    return fmt::format("shop{}.c{}.example", number, number % parents);
}

model::Certificate certificate(base::Time now, const std::string& key)
{
    model::Certificate made;
    made.id = "crt_" + key;
    made.tenant = "default";
    made.endpoint = "ep_" + key;
    made.not_before = now - std::chrono::days(10);
    made.not_after = now + std::chrono::days(80);
    made.renew_at = now + std::chrono::days(50);
    made.chain_pem.assign(1'500, 'x');
    made.sealed_key.assign(200, 7);
    made.account = "ca_1";
    made.created_at = made.not_before;
    return made;
}

base::Result<> add_endpoint(store::Transaction& tx, base::Time now, int number)
{
    const auto key = number_text(number);
    model::Endpoint endpoint;
    endpoint.id = "ep_" + key;
    endpoint.tenant = number % 20 == 16 ? "acme" : "default";
    endpoint.names = {*model::DomainName::parse(name_of(number))};
    endpoint.upstream = "http://192.0.2.9:8080";
    endpoint.vouched = true;
    endpoint.label = "l" + std::to_string(number);
    endpoint.required_records = model::required_records(endpoint, endpoints::testing::test_platform());
    endpoint.status.state = number % 100 < 95    ? model::EndpointState::active
                            : number % 100 == 95 ? model::EndpointState::parked
                            : number % 100 == 96 ? model::EndpointState::degraded
                                                 : model::EndpointState::pending_dns;
    endpoint.created_at = base::from_millis(first_created + number);
    endpoint.next_check_at = now + std::chrono::hours(24);
    CHECKED(tx.endpoints.insert(endpoint));
    auto its = certificate(now, key);
    its.identifiers = {endpoint.name().text()};
    its.created_at = endpoint.created_at;
    CHECKED(tx.certificates.insert(its));
    CHECKED(insert_order(tx, endpoint, number, now));
    model::RenewalAdvice advice;
    advice.ari_id = "ari_" + key;
    advice.certificate = its.id;
    advice.account = "ca_1";
    advice.next_poll_at = now + std::chrono::hours(6);
    return tx.advice.put(advice);
}

base::Result<> multiply(sql::Connection& db, int made, int size)
{
    for (; made < size; made += std::min(made, size - made)) {
        const int add = std::min(made, size - made);
        std::vector<std::string> texts;
        for (const auto& each : copies()) {
            texts.push_back(copy_text(each, made, add));
        }
        CHECKED(run_all(db, texts));
    }
    return {};
}

base::Result<> complete(sql::Connection& db, int made, int size)
{
    const auto number = fmt::format("CAST(substr(id, 4) AS BIGINT) - {}", first_id - 1);
    return run_all(
        db,
        {fmt::format("INSERT INTO search_lines (number, endpoint, tenant, names) SELECT {}, id, tenant, names"
                     " FROM endpoints WHERE CAST(substr(id, 4) AS BIGINT) >= {}",
                     number, first_id + made),
         fmt::format(
             "INSERT INTO events (number, tenant, subject, type, message, data, created_at) SELECT {},"
             " tenant, id, 'endpoint.created', 'It was added.', '{{}}', created_at FROM endpoints",
             number),
         fmt::format("UPDATE revision_head SET line = {0}, event = {0}", size),
         "INSERT INTO alerts (id, tenant, rule, subject, name, severity, code, problem, seen_count, "
         "opened_at,"
         " seen_at) SELECT 'alr_' || substr(id, 4), tenant, CASE state WHEN 'parked' THEN 'parked' ELSE"
         " 'renewal_failing' END, id, id, 'warning', 'dns_not_found', '', 1, created_at, created_at FROM"
         " endpoints WHERE state IN ('parked', 'degraded')"});
}

}  // namespace bench
