#include "api/serving_fields.h"

namespace api {

namespace {

std::optional<std::chrono::seconds> seconds(FieldReader& reader, std::string_view name)
{
    const auto given = reader.number(name, 0, model::Forwarding::longest_wait.count());
    return given ? std::optional(std::chrono::seconds(*given)) : std::nullopt;
}

endpoints::ForwardingChange forwarding_from(FieldReader& reader)
{
    endpoints::ForwardingChange change;
    const auto given = reader.object("forwarding");
    if (!given) {
        return change;
    }
    FieldReader inner(*given);
    change.more_upstreams = inner.texts("more_upstreams");
    change.connect = seconds(inner, "connect_timeout");
    change.answer = seconds(inner, "answer_timeout");
    change.idle = seconds(inner, "idle_timeout");
    change.proxy_protocol = inner.flag("proxy_protocol");
    change.health_path = inner.text("health_path");
    reader.add_problems("forwarding", inner);
    return change;
}

}  // namespace

std::optional<model::Hsts> hsts_from(FieldReader& reader)
{
    const auto given = reader.object("hsts");
    if (!given) {
        return std::nullopt;
    }
    FieldReader inner(*given);
    model::Hsts hsts;
    hsts.max_age = inner.number("max_age", 0, model::Hsts::longest).value_or(0);
    hsts.subdomains = inner.flag("subdomains").value_or(false);
    hsts.preload = inner.flag("preload").value_or(false);
    reader.add_problems("hsts", inner);
    return hsts;
}

ServingFields serving_fields_from(FieldReader& reader)
{
    ServingFields fields;
    fields.forwarding = forwarding_from(reader);
    fields.hsts = hsts_from(reader);
    fields.plain_http = reader.choice("plain_http", model::plain_http_from);
    return fields;
}

json::object view(const model::Hsts& hsts)
{
    return {{"max_age", hsts.max_age}, {"subdomains", hsts.subdomains}, {"preload", hsts.preload}};
}

void add_serving(json::object& made, const model::Endpoint& endpoint)
{
    const auto& forwarding = endpoint.forwarding;
    json::array more;
    for (const auto& each : forwarding.more_upstreams) {
        more.emplace_back(each);
    }
    made["forwarding"] = json::object{
        {"more_upstreams", std::move(more)},           {"connect_timeout", forwarding.connect.count()},
        {"answer_timeout", forwarding.answer.count()}, {"idle_timeout", forwarding.idle.count()},
        {"proxy_protocol", forwarding.proxy_protocol}, {"health_path", forwarding.health_path}};
    made["hsts"] = view(endpoint.hsts);
    made["plain_http"] = model::to_string(endpoint.plain_http);
}

}  // namespace api
