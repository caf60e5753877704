// Orders, events, the node's status and counts, and what machines ask for: health, metrics, the API's
// description.
#include "api/field_reader.h"
#include "api/metrics_text.h"
#include "api/views.h"

#include <array>

namespace api {

namespace {

constexpr auto far_future = base::Time(std::chrono::milliseconds(253402300799000));  // the end of year 9999

base::Task<Answer> list_orders(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto endpoint = reader.required_text("endpoint");
    const auto limit = static_cast<std::size_t>(reader.number("limit", 1, 500).value_or(20));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(detail, co_await parts.endpoints.get(call.access.caller, endpoint));
    auto read = [id = detail.endpoint.id, limit](store::Transaction& tx) {
        return tx.orders.of_endpoint(id, limit);
    };
    CO_TRY(orders, co_await parts.store.read(std::move(read)));
    co_return Answer(200, page(orders, ""));
}

// Events of one endpoint, newest last like all of them.
base::Task<std::vector<model::Event>> events_of(Parts parts, Call call, std::string endpoint,
                                                std::size_t limit)
{
    CO_TRY(detail, co_await parts.endpoints.get(call.access.caller, endpoint));
    auto read = [id = detail.endpoint.id, limit](store::Transaction& tx) {
        return tx.events.of_subject(id, limit);
    };
    CO_TRY(events, co_await parts.store.read(std::move(read)));
    std::ranges::reverse(events);
    co_return std::move(events);
}

base::Task<Answer> list_events(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto after = reader.number("after", 0, std::numeric_limits<std::int64_t>::max());
    const auto endpoint = reader.text("endpoint");
    const auto limit = static_cast<std::size_t>(reader.number("limit", 1, 1000).value_or(100));
    if (after && endpoint) {
        reader.add_problem("after", "cannot be combined with endpoint");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    std::vector<model::Event> events;
    if (endpoint) {
        CO_TRY(found, co_await events_of(parts, call, *endpoint, limit));
        events = std::move(found);
    } else {
        auto read = [tenant = call.access.caller.tenant, after, limit](store::Transaction& tx) {
            return after ? tx.events.after(*after, tenant, limit) : tx.events.newest(tenant, limit);
        };
        CO_TRY(found, co_await parts.store.read(std::move(read)));
        events = std::move(found);
    }
    // The cursor is always there: what comes later is found with it.
    const auto last = events.empty() ? after.value_or(0) : events.back().number;
    auto body = page(events, "");
    body["next"] = std::to_string(last);
    co_return Answer(200, std::move(body));
}

template <class E>
json::object counts(const std::vector<std::pair<E, std::int64_t>>& pairs)
{
    json::object made;
    for (const auto& [value, count] : pairs) {
        made[model::to_string(value)] = count;
    }
    return made;
}

json::array zones_of(const NodeFacts& facts)
{
    json::array zones;
    for (const auto& each : facts.zones()) {
        json::array records;
        for (const auto& record : each.records) {
            records.emplace_back(record);
        }
        json::object zone;
        zone["zone"] = each.zone;
        zone["ok"] = each.ok;
        zone["message"] = each.message;
        zone["fix"] = each.fix;
        zone["records"] = std::move(records);
        zones.push_back(std::move(zone));
    }
    return zones;
}

// Open alerts by severity; of all tenants when `tenant` is empty.
base::Result<json::object> open_alerts(store::Transaction& tx, const std::string& tenant)
{
    TRY(counts, tx.alerts.count_open(tenant));
    json::object made{{"critical", 0}, {"warning", 0}};
    for (const auto& each : counts) {
        auto& count = made[model::to_string(each.severity)];
        count = count.as_int64() + each.count;
    }
    return made;
}

base::Result<json::object> read_status(store::Transaction& tx)
{
    TRY(states, tx.endpoints.count_by_state());
    TRY(orders, tx.orders.count_by_status());
    TRY(next_order, tx.orders.next_due());
    TRY(next_renewal, tx.certificates.due_renewals(far_future, 1));
    TRY(platform, tx.certificates.of_endpoint(""));
    TRY(edges, tx.edges.list());
    TRY(head, tx.revisions.head());
    TRY(alerts, open_alerts(tx, ""));
    json::object made;
    made["alerts"] = std::move(alerts);
    made["endpoints"] = counts(states);
    made["orders"] = counts(orders);
    made["next_order_at"] = time_or_null(next_order);
    made["next_renewal"] =
        next_renewal.empty() ? json::value(nullptr) : json::value(view(next_renewal.front()));
    made["platform_certificate"] =
        platform.empty() ? json::value(nullptr) : json::value(view(platform.front()));
    made["revision"] = head.number;
    json::array nodes;
    for (const auto& each : edges) {
        nodes.push_back(view(each));
    }
    made["edges"] = std::move(nodes);
    if (auto account = tx.accounts.default_account()) {
        made["ca_account"] = view(*account);
    } else {
        made["ca_account"] = nullptr;
    }
    return made;
}

base::Task<Answer> status(Parts parts, Call call)
{
    const auto tenant = call.access.caller.tenant;
    if (tenant.empty()) {
        CO_TRY(made, co_await parts.store.read(read_status));
        made["version"] = parts.facts.version();
        made["time"] = base::to_rfc3339(parts.clock.now());
        made["zones"] = zones_of(parts.facts);
        co_return Answer(200, std::move(made));
    }
    auto count = [tenant](store::Transaction& tx) -> base::Result<json::object> {
        TRY(total, tx.endpoints.count(tenant));
        TRY(alerts, open_alerts(tx, tenant));
        return json::object{
            {"tenant", tenant}, {"endpoints", json::object{{"total", total}}}, {"alerts", alerts}};
    };
    CO_TRY(made, co_await parts.store.read(std::move(count)));
    made["version"] = parts.facts.version();
    made["time"] = base::to_rfc3339(parts.clock.now());
    co_return Answer(200, std::move(made));
}

base::Task<Answer> health(Parts parts, Call)
{
    auto read = [](store::Transaction& tx) { return tx.now(); };
    CO_CHECKED(co_await parts.store.read(std::move(read)));
    Answer answer;
    answer.content_type = "text/plain; charset=utf-8";
    answer.text = "ok\n";
    co_return answer;
}

base::Task<Answer> metrics(Parts parts, Call)
{
    CO_TRY(text, co_await parts.store.read(metrics_of));
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.text = text + parts.facts.metrics();
    co_return answer;
}

base::Task<Answer> openapi(Parts, Call)
{
    Answer answer;
    answer.text = openapi_document();
    co_return answer;
}

constexpr std::chrono::seconds counts_are_good_for{10};
constexpr std::array days{0, 1, 3, 7, 14, 30, 60, 90};

constexpr std::size_t days_of_issuance = 14;

struct Counts {
    std::vector<std::pair<model::EndpointState, std::int64_t>> states;
    CertificateCounts certificates;
};

std::vector<base::Time> ends_from(base::Time now)
{
    std::vector<base::Time> bounds;
    for (const int each : days) {
        bounds.push_back(now + std::chrono::hours(24 * each));
    }
    return bounds;
}

// The beginnings of the last days, today's last.
std::vector<base::Time> days_until(base::Time now)
{
    const auto today = std::chrono::floor<std::chrono::days>(now);
    std::vector<base::Time> bounds;
    for (auto back = static_cast<int>(days_of_issuance) - 1; back >= 0; --back) {
        bounds.emplace_back(today - std::chrono::days(back));
    }
    return bounds;
}

// `known`: of a moment ago.
base::Result<Counts> read_counts(store::Transaction& tx, const std::string& tenant, base::Time now,
                                 const std::optional<CertificateCounts>& known)
{
    TRY(states, tx.endpoints.count_by_state(tenant));
    if (known) {
        return Counts{std::move(states), *known};
    }
    TRY(ends, tx.certificates.count_by_end(tenant, ends_from(now)));
    TRY(issued, tx.certificates.count_by_creation(tenant, days_until(now)));
    return Counts{std::move(states), {std::move(ends), std::move(issued)}};
}

json::array expiry_view(const std::vector<std::int64_t>& ends)
{
    json::array expiry;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        json::object bar;
        bar["before_days"] = i < days.size() ? json::value(days.at(i)) : json::value(nullptr);
        bar["certificates"] = ends.at(i);
        expiry.push_back(std::move(bar));
    }
    return expiry;
}

json::array issued_view(const std::vector<std::int64_t>& issued, base::Time now)
{
    const auto bounds = days_until(now);
    json::array rows;
    for (std::size_t i = 0; i < bounds.size() && i < issued.size(); ++i) {
        rows.push_back(
            json::object{{"from", base::to_rfc3339(bounds.at(i))}, {"certificates", issued.at(i)}});
    }
    return rows;
}

// What the dashboard's first page counts. Every open page asks, and to count certificates by their end reads
// all of them.
base::Task<Answer> overview(Parts parts, Call call)
{
    const auto now = parts.clock.now();
    const auto instant = std::chrono::steady_clock::now();
    const auto tenant = call.access.caller.tenant;
    const auto* remembered = parts.counts->find(tenant, instant);
    const auto known = remembered == nullptr ? std::optional<CertificateCounts>() : *remembered;
    auto read = [tenant, now, known](store::Transaction& tx) { return read_counts(tx, tenant, now, known); };
    CO_TRY(counts, co_await parts.store.read(std::move(read)));
    if (!known) {
        parts.counts->put(tenant, counts.certificates, instant + counts_are_good_for);
    }
    json::object endpoints;
    for (const auto& [state, total] : counts.states) {
        endpoints[model::to_string(state)] = total;
    }
    json::object made;
    made["endpoints"] = std::move(endpoints);
    made["expiry"] = expiry_view(counts.certificates.ends);
    made["issued"] = issued_view(counts.certificates.issued, now);
    made["version"] = parts.facts.version();
    made["time"] = base::to_rfc3339(now);
    co_return Answer(200, std::move(made));
}

}  // namespace

std::vector<Operation> overview_operations()
{
    return {
        {"GET", "/v1/orders", Scope::read, false, list_orders},
        {"GET", "/v1/events", Scope::read, false, list_events},
        {"GET", "/v1/status", Scope::read, false, status},
        {"GET", "/v1/openapi.json", Scope::none, false, openapi},
        {"GET", "/healthz", Scope::none, false, health},
        {"GET", "/metrics", Scope::read, true, metrics},
        {"GET", "/v1/overview", Scope::read, false, overview},
    };
}

}  // namespace api
