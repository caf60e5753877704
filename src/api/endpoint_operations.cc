// /v1/endpoints
#include "api/edge_count.h"
#include "api/field_reader.h"
#include "api/serving_fields.h"
#include "api/views.h"
#include "endpoints/caa_advice.h"
#include "endpoints/lookup.h"

namespace api {

namespace {

using endpoints::NewEndpoint;

constexpr std::int64_t most_items = 500;

// The names: "names", or "name" for one.
std::vector<std::string> names_of(FieldReader& reader)
{
    auto names = reader.texts("names");
    auto name = reader.text("name");
    if (names && name) {
        reader.add_problem("name", "give either name or names");
    }
    if (name) {
        return {std::move(*name)};
    }
    if (!names) {
        reader.add_problem("names", "is missing");
        return {};
    }
    return std::move(*names);
}

Answer outcome_answer(const endpoints::Outcome& outcome)
{
    Answer answer(outcome.created ? 201 : 200, view(outcome));
    if (outcome.created) {
        answer.headers.add("Location", "/v1/endpoints/" + outcome.endpoint.id);
    }
    return answer;
}

}  // namespace

model::Redirect redirect_from(FieldReader& reader, const std::string& prefix)
{
    model::Redirect redirect;
    redirect.to = reader.text(prefix + "_to").value_or("");
    redirect.status = static_cast<int>(reader.number(prefix + "_status", 300, 399).value_or(redirect.status));
    redirect.keep_path = reader.flag(prefix + "_keep_path").value_or(redirect.keep_path);
    return redirect;
}

endpoints::NewEndpoint new_endpoint_from(FieldReader& reader)
{
    NewEndpoint wanted;
    wanted.names = names_of(reader);
    wanted.tenant = reader.text("tenant").value_or("");
    wanted.kind = reader.choice("kind", model::endpoint_kind_from).value_or(wanted.kind);
    wanted.ip_filter = reader.texts("ip_filter").value_or(wanted.ip_filter);
    wanted.filter_at = reader.choice("filter_at", model::filter_at_from).value_or(wanted.filter_at);
    wanted.key_types = reader.choices("key_types", model::key_type_from).value_or(wanted.key_types);
    wanted.ca_policy = reader.texts("ca_policy").value_or(wanted.ca_policy);
    wanted.profile = reader.text("profile").value_or("");
    wanted.edge_group = reader.text("edge_group").value_or(wanted.edge_group);
    wanted.redirect = redirect_from(reader, "redirect");
    // Another group may be one of proxies, which know by themselves what is behind a name.
    const bool ours = wanted.edge_group.empty() || wanted.edge_group == model::own_group;
    const bool needed = ours && wanted.redirect.none();
    wanted.upstream = needed ? reader.required_text("upstream") : reader.text("upstream").value_or("");
    wanted.own_challenges = reader.flag("own_challenges").value_or(wanted.own_challenges);
    const auto serving = serving_fields_from(reader);
    wanted.forwarding = serving.forwarding.of(wanted.forwarding);
    wanted.hsts = serving.hsts.value_or(wanted.hsts);
    wanted.plain_http = serving.plain_http.value_or(wanted.plain_http);
    return wanted;
}

base::Result<> check_tenant(const Access& access, const std::string& tenant)
{
    return tenant.empty() || access.caller.may_see(tenant) ? base::Result<>()
                                                           : base::fail(endpoints::foreign_tenant());
}

namespace {

json::array warnings_of(const std::vector<model::Problem>& problems)
{
    json::array warnings;
    for (const auto& each : problems) {
        warnings.push_back(view(each));
    }
    return warnings;
}

}  // namespace

json::object view(const endpoints::Outcome& outcome)
{
    auto made = view(outcome.endpoint);
    made["warnings"] = warnings_of(outcome.warnings);
    made["changed"] = outcome.changed;
    return made;
}

namespace {

base::Task<Answer> create(Parts parts, Call call)
{
    FieldReader reader(call.body);
    auto wanted = new_endpoint_from(reader);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_CHECKED(check_tenant(call.access, wanted.tenant));
    CO_TRY(outcome, co_await parts.endpoints.create(call.access.caller, std::move(wanted)));
    co_return outcome_answer(outcome);
}

base::Task<Answer> list(Parts parts, Call call)
{
    FieldReader reader(call.query);
    endpoints::Listing listing;
    listing.state = reader.choice("state", model::endpoint_state_from);
    listing.text = reader.text("q").value_or("");
    listing.tenant = reader.text("tenant").value_or("");
    listing.redirects = reader.flag("redirects").value_or(false);
    const auto pool = reader.text("pool").value_or("");
    listing.redirects = listing.redirects || !pool.empty();
    listing.after = reader.text("after").value_or("");
    listing.limit = static_cast<std::size_t>(reader.number("limit", 1, most_items).value_or(100));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_CHECKED(check_tenant(call.access, listing.tenant));
    CO_TRY(found, co_await parts.endpoints.list(call.access.caller, std::move(listing)));
    if (!pool.empty()) {
        std::erase_if(found.items,
                      [&pool](const auto& each) { return !each.on_demand || each.edge_group != pool; });
    }
    co_return Answer(200, page(found.items, found.next));
}

base::Task<Answer> show(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.get(call.access.caller, call.parameter("endpoint")));
    auto body = view(detail, parts.clock.now());
    auto read = [endpoint = detail.endpoint](store::Transaction& tx) {
        return endpoints::caa_records(tx, endpoint);
    };
    CO_TRY(records, co_await parts.store.read(std::move(read)));
    body["caa_records"] = json::array(records.begin(), records.end());
    CO_CHECKED(co_await add_edge_count(parts, call, detail, body));
    co_return Answer(200, std::move(body));
}

base::Task<Answer> update(Parts parts, Call call)
{
    FieldReader reader(call.body);
    endpoints::EndpointChange change;
    change.kind = reader.choice("kind", model::endpoint_kind_from);
    change.ip_filter = reader.texts("ip_filter");
    change.filter_at = reader.choice("filter_at", model::filter_at_from);
    change.upstream = reader.text("upstream");
    change.redirect_to = reader.text("redirect_to");
    if (const auto status = reader.number("redirect_status", 300, 399)) {
        change.redirect_status = static_cast<int>(*status);
    }
    change.redirect_keep_path = reader.flag("redirect_keep_path");
    change.key_types = reader.choices("key_types", model::key_type_from);
    change.ca_policy = reader.texts("ca_policy");
    change.profile = reader.text("profile");
    change.own_challenges = reader.flag("own_challenges");
    auto serving = serving_fields_from(reader);
    change.forwarding = std::move(serving.forwarding);
    change.hsts = serving.hsts;
    change.plain_http = serving.plain_http;
    change.preview = reader.flag("preview").value_or(false);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(outcome, co_await parts.endpoints.update(call.access.caller, call.parameter("endpoint"),
                                                    std::move(change)));
    co_return outcome_answer(outcome);
}

base::Task<Answer> remove(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto revoke = reader.text("revoke").value_or("false");
    if (revoke != "true" && revoke != "false") {
        reader.add_problem("revoke", "must be true or false");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(removed,
           co_await parts.endpoints.remove(call.access.caller, call.parameter("endpoint"), revoke == "true"));
    co_return Answer(200, view(removed));
}

base::Task<Answer> check(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.check(call.access.caller, call.parameter("endpoint")));
    auto body = view(detail, parts.clock.now());
    CO_CHECKED(co_await add_edge_count(parts, call, detail, body));
    co_return Answer(200, std::move(body));
}

base::Task<Answer> renew(Parts parts, Call call)
{
    CO_TRY(orders, co_await parts.endpoints.renew(call.access.caller, call.parameter("endpoint")));
    co_return Answer(202, page(orders, ""));
}

base::Task<Answer> retry(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.retry(call.access.caller, call.parameter("endpoint")));
    co_return Answer(202, view(detail, parts.clock.now()));
}

base::Task<Answer> upload(Parts parts, Call call)
{
    FieldReader reader(call.body);
    endpoints::Upload given;
    given.chain_pem = reader.required_text("chain");
    given.key_pem = reader.required_text("key");
    given.source = reader.choice("source", model::certificate_source_from).value_or(given.source);
    given.preview = reader.flag("preview").value_or(false);
    const bool preview = given.preview;
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(uploaded,
           co_await parts.endpoints.upload(call.access.caller, call.parameter("endpoint"), std::move(given)));
    auto body = view(uploaded.certificate);
    body["warnings"] = warnings_of(uploaded.warnings);
    if (preview) {
        body["id"] = "";  // it has none
        co_return Answer(200, std::move(body));
    }
    Answer answer(201, std::move(body));
    answer.headers.add("Location", "/v1/certificates/" + uploaded.certificate.id);
    co_return answer;
}

base::Task<Answer> list_certificates(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.get(call.access.caller, call.parameter("endpoint")));
    auto shown = view(detail, parts.clock.now());
    json::object body;
    body["items"] = shown["certificates"];
    body["next"] = nullptr;
    co_return Answer(200, std::move(body));
}

}  // namespace

std::vector<Operation> endpoint_operations()
{
    return {
        {"POST", "/v1/endpoints", Scope::write, false, create},
        {"GET", "/v1/endpoints", Scope::read, false, list},
        {"GET", "/v1/endpoints/{endpoint}", Scope::read, false, show},
        {"PATCH", "/v1/endpoints/{endpoint}", Scope::write, false, update},
        {"DELETE", "/v1/endpoints/{endpoint}", Scope::write, false, remove},
        {"POST", "/v1/endpoints/{endpoint}/check", Scope::write, false, check},
        {"POST", "/v1/endpoints/{endpoint}/renew", Scope::write, false, renew},
        {"POST", "/v1/endpoints/{endpoint}/retry", Scope::write, false, retry},
        {"POST", "/v1/endpoints/{endpoint}/certificates", Scope::write, false, upload},
        {"GET", "/v1/endpoints/{endpoint}/certificates", Scope::read, false, list_certificates},
    };
}

}  // namespace api
