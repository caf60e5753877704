// /v1/endpoints/import, and what happens to an endpoint as a whole.
#include "api/field_reader.h"
#include "api/views.h"

namespace api {

namespace {

constexpr std::size_t most_imported = 1'000;
constexpr std::size_t most_import_body = 4 * 1024 * 1024;

// One line's result: the endpoint and what became of it, or why not.
json::object line_result(const base::Result<endpoints::Outcome>& result)
{
    json::object made;
    if (!result) {
        made["result"] = "refused";
        made["problem"] = problem(result.error()).body;
        return made;
    }
    made["result"] = result->created ? "created" : result->changed ? "updated" : "unchanged";
    made["endpoint"] = view(*result);
    return made;
}

json::object line_refused(Answer answer)
{
    json::object made;
    made["result"] = "refused";
    made["problem"] = std::move(answer.body);
    return made;
}

base::Task<Answer> import_endpoints(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto items = reader.objects("items");
    if (items && items->size() > most_imported) {
        reader.add_problem("items", fmt::format("has more than {} members", most_imported));
    }
    if (!items) {
        reader.add_problem("items", "is missing");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    // Lines that cannot be read have their result already.
    json::array results(items->size());
    std::vector<std::size_t> places;
    std::vector<endpoints::NewEndpoint> wanted;
    for (std::size_t i = 0; i < items->size(); ++i) {
        FieldReader line((*items)[i]);
        auto one = new_endpoint_from(line);
        auto wrong = line.problems();
        if (const auto allowed = check_tenant(call.access, one.tenant); !wrong && !allowed) {
            wrong = problem(allowed.error());
        }
        if (wrong) {
            results[i] = line_refused(std::move(*wrong));
        } else {
            places.push_back(i);
            wanted.push_back(std::move(one));
        }
    }
    CO_TRY(outcomes, co_await parts.endpoints.import(call.access.caller, std::move(wanted)));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        results[places[i]] = line_result(outcomes[i]);
    }
    json::object body;
    body["items"] = std::move(results);
    co_return Answer(200, std::move(body));
}

base::Task<Answer> restore(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.restore(call.access.caller, call.parameter("endpoint")));
    co_return Answer(200, view(detail, parts.clock.now()));
}

base::Task<Answer> suspend(Parts parts, Call call)
{
    FieldReader reader(call.body);
    auto why = reader.text("reason").value_or("");
    if (why.size() > 500) {
        reader.add_problem("reason", "is longer than 500 characters");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(detail,
           co_await parts.endpoints.suspend(call.access.caller, call.parameter("endpoint"), std::move(why)));
    co_return Answer(200, view(detail, parts.clock.now()));
}

base::Task<Answer> resume(Parts parts, Call call)
{
    CO_TRY(detail, co_await parts.endpoints.resume(call.access.caller, call.parameter("endpoint")));
    co_return Answer(200, view(detail, parts.clock.now()));
}

base::Task<Answer> transfer(Parts parts, Call call)
{
    FieldReader reader(call.body);
    auto tenant = reader.required_text("tenant");
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(detail, co_await parts.endpoints.transfer(call.access.caller, call.parameter("endpoint"),
                                                     std::move(tenant)));
    co_return Answer(200, view(detail, parts.clock.now()));
}

}  // namespace

std::vector<Operation> endpoint_lifecycle_operations()
{
    return {
        {"POST", "/v1/endpoints/import", Scope::write, false, import_endpoints, most_import_body},
        {"POST", "/v1/endpoints/{endpoint}/restore", Scope::write, false, restore},
        {"POST", "/v1/endpoints/{endpoint}/suspend", Scope::write, false, suspend},
        {"POST", "/v1/endpoints/{endpoint}/resume", Scope::write, false, resume},
        {"POST", "/v1/endpoints/{endpoint}/transfer", Scope::write, false, transfer},
    };
}

}  // namespace api
