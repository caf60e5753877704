#include "store/json_text.h"

#include <boost/json.hpp>

namespace store {

namespace json = boost::json;

namespace {

json::value parse(std::string_view text)
{
    boost::system::error_code error;
    auto value = json::parse(text, error);
    return error ? json::value() : value;
}

// Each element of a JSON array, or nothing.
template <class F>
void for_each_element(std::string_view text, F visit)
{
    const auto value = parse(text);
    if (const auto* array = value.if_array()) {
        for (const auto& each : *array) {
            visit(each);
        }
    }
}

std::string text_of(const json::value& value)
{
    const auto* text = value.if_string();
    return text != nullptr ? std::string(*text) : std::string();
}

const json::value& field(const json::value& value, std::string_view name)
{
    static const json::value nothing;
    const auto* object = value.if_object();
    const auto* found = object != nullptr ? object->if_contains(name) : nullptr;
    return found != nullptr ? *found : nothing;
}

std::string text_field(const json::value& value, std::string_view name)
{
    return text_of(field(value, name));
}

std::int64_t number_field(const json::value& value, std::string_view name)
{
    const auto* number = field(value, name).if_int64();
    return number != nullptr ? *number : 0;
}

bool flag_field(const json::value& value, std::string_view name)
{
    const auto* flag = field(value, name).if_bool();
    return flag != nullptr && *flag;
}

std::vector<std::string> texts_of(const json::value& value)
{
    std::vector<std::string> list;
    if (const auto* array = value.if_array()) {
        for (const auto& each : *array) {
            list.push_back(text_of(each));
        }
    }
    return list;
}

json::array array_of(const std::vector<std::string>& list)
{
    json::array array;
    for (const auto& each : list) {
        array.emplace_back(each);
    }
    return array;
}

json::array array_of(const std::vector<model::RecordAlternative>& alternatives)
{
    json::array array;
    for (const auto& each : alternatives) {
        array.push_back(json::object{{"type", each.type}, {"value", each.value}});
    }
    return array;
}

json::object object_of(const model::Problem& problem)
{
    return {{"code", problem.code},
            {"message", problem.message},
            {"actor", model::to_string(problem.actor)},
            {"fix", problem.fix}};
}

model::Problem problem_of(const json::value& value)
{
    return {.code = text_field(value, "code"),
            .message = text_field(value, "message"),
            .actor = model::actor_from(text_field(value, "actor")),
            .fix = text_field(value, "fix")};
}

model::RequiredRecord record_of(const json::value& value)
{
    model::RequiredRecord record;
    record.purpose = known_or(model::record_purpose_from(text_field(value, "purpose")), record.purpose);
    record.type = text_field(value, "type");
    record.name = text_field(value, "name");
    record.host = text_field(value, "host");
    record.value = text_field(value, "value");
    const auto* required = field(value, "required").if_bool();
    record.required = required == nullptr || *required;
    if (const auto* alternatives = field(value, "alternatives").if_array()) {
        for (const auto& each : *alternatives) {
            record.alternatives.push_back({text_field(each, "type"), text_field(each, "value")});
        }
    }
    record.status = known_or(model::record_status_from(text_field(value, "status")), record.status);
    record.found = texts_of(field(value, "found"));
    return record;
}

model::Condition condition_of(const json::value& value)
{
    model::Condition condition;
    condition.type = text_field(value, "type");
    condition.status = known_or(model::condition_status_from(text_field(value, "status")), condition.status);
    condition.problem = problem_of(field(value, "problem"));
    const auto* observed = field(value, "observed_at").if_int64();
    condition.observed_at = base::from_millis(observed != nullptr ? *observed : 0);
    return condition;
}

}  // namespace

std::string to_json(const model::Forwarding& forwarding)
{
    if (forwarding == model::Forwarding()) {
        return {};
    }
    return json::serialize(json::object{{"more_upstreams", array_of(forwarding.more_upstreams)},
                                        {"connect", forwarding.connect.count()},
                                        {"answer", forwarding.answer.count()},
                                        {"idle", forwarding.idle.count()},
                                        {"proxy_protocol", forwarding.proxy_protocol},
                                        {"health_path", forwarding.health_path}});
}

std::string to_json(const model::Hsts& hsts)
{
    if (hsts == model::Hsts()) {
        return {};
    }
    return json::serialize(
        json::object{{"max_age", hsts.max_age}, {"subdomains", hsts.subdomains}, {"preload", hsts.preload}});
}

model::Forwarding forwarding_from(std::string_view text)
{
    const auto value = parse(text);
    model::Forwarding forwarding;
    forwarding.more_upstreams = texts_of(field(value, "more_upstreams"));
    forwarding.connect = std::chrono::seconds(number_field(value, "connect"));
    forwarding.answer = std::chrono::seconds(number_field(value, "answer"));
    forwarding.idle = std::chrono::seconds(number_field(value, "idle"));
    forwarding.proxy_protocol = flag_field(value, "proxy_protocol");
    forwarding.health_path = text_field(value, "health_path");
    return forwarding;
}

model::Hsts hsts_from(std::string_view text)
{
    const auto value = parse(text);
    model::Hsts hsts;
    hsts.max_age = number_field(value, "max_age");
    hsts.subdomains = flag_field(value, "subdomains");
    hsts.preload = flag_field(value, "preload");
    return hsts;
}

std::string to_json(const std::vector<std::string>& list)
{
    return json::serialize(array_of(list));
}

std::string to_json(const std::vector<model::DomainName>& names)
{
    json::array array;
    for (const auto& name : names) {
        array.emplace_back(name.text());
    }
    return json::serialize(array);
}

std::string to_json(const std::vector<model::KeyType>& types)
{
    json::array array;
    for (const auto type : types) {
        array.emplace_back(model::to_string(type));
    }
    return json::serialize(array);
}

std::string to_json(const model::Problem& problem)
{
    return problem == model::Problem{} ? std::string() : json::serialize(object_of(problem));
}

std::string to_json(const std::vector<model::RequiredRecord>& records)
{
    json::array array;
    for (const auto& record : records) {
        array.push_back(json::object{{"purpose", model::to_string(record.purpose)},
                                     {"type", record.type},
                                     {"name", record.name},
                                     {"host", record.host},
                                     {"value", record.value},
                                     {"required", record.required},
                                     {"alternatives", array_of(record.alternatives)},
                                     {"status", model::to_string(record.status)},
                                     {"found", array_of(record.found)}});
    }
    return json::serialize(array);
}

std::string to_json(const std::vector<model::Condition>& conditions)
{
    json::array array;
    for (const auto& condition : conditions) {
        json::object object{{"type", condition.type},
                            {"status", model::to_string(condition.status)},
                            {"observed_at", base::to_millis(condition.observed_at)}};
        if (!(condition.problem == model::Problem{})) {
            object.emplace("problem", object_of(condition.problem));
        }
        array.push_back(std::move(object));
    }
    return json::serialize(array);
}

std::string to_json(const std::map<std::string, std::string>& map)
{
    json::object object;
    for (const auto& [name, value] : map) {
        object.emplace(name, value);
    }
    return json::serialize(object);
}

std::string to_json(const std::vector<model::NameServer>& servers)
{
    json::array array;
    for (const auto& server : servers) {
        array.push_back(json::object{{"name", server.name}, {"addresses", array_of(server.addresses)}});
    }
    return json::serialize(array);
}

std::vector<std::string> texts_from(std::string_view text)
{
    return texts_of(parse(text));
}

std::vector<model::DomainName> names_from(std::string_view text)
{
    std::vector<model::DomainName> names;
    for_each_element(text, [&](const json::value& each) {
        if (auto name = model::DomainName::parse(text_of(each))) {
            names.push_back(std::move(*name));
        }
    });
    return names;
}

std::vector<model::KeyType> key_types_from(std::string_view text)
{
    std::vector<model::KeyType> types;
    for_each_element(text, [&](const json::value& each) {
        if (auto type = model::key_type_from(text_of(each))) {
            types.push_back(*type);
        }
    });
    return types;
}

model::Problem problem_from(std::string_view text)
{
    return text.empty() ? model::Problem{} : problem_of(parse(text));
}

std::vector<model::RequiredRecord> records_from(std::string_view text)
{
    std::vector<model::RequiredRecord> records;
    for_each_element(text, [&](const json::value& each) { records.push_back(record_of(each)); });
    return records;
}

std::vector<model::Condition> conditions_from(std::string_view text)
{
    std::vector<model::Condition> conditions;
    for_each_element(text, [&](const json::value& each) { conditions.push_back(condition_of(each)); });
    return conditions;
}

std::map<std::string, std::string> map_from(std::string_view text)
{
    std::map<std::string, std::string> map;
    const auto value = parse(text);
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            map.emplace(member.key(), text_of(member.value()));
        }
    }
    return map;
}

std::vector<model::NameServer> name_servers_from(std::string_view text)
{
    std::vector<model::NameServer> servers;
    for_each_element(text, [&](const json::value& each) {
        servers.push_back(
            {.name = text_field(each, "name"), .addresses = texts_of(field(each, "addresses"))});
    });
    return servers;
}

}  // namespace store
