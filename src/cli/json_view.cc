#include "cli/json_view.h"

namespace cli {

std::string text(const json::object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::int64_t number(const json::object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

bool flag(const json::object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_bool() && value->as_bool();
}

const json::object& object(const json::object& from, std::string_view name)
{
    static const json::object empty;
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_object() ? value->as_object() : empty;
}

std::vector<json::object> objects(const json::object& from, std::string_view name)
{
    std::vector<json::object> made;
    const auto* value = from.if_contains(name);
    if (value != nullptr && value->is_array()) {
        for (const auto& each : value->as_array()) {
            if (each.is_object()) {
                made.push_back(each.as_object());
            }
        }
    }
    return made;
}

std::vector<std::string> texts(const json::object& from, std::string_view name)
{
    std::vector<std::string> made;
    const auto* value = from.if_contains(name);
    if (value != nullptr && value->is_array()) {
        for (const auto& each : value->as_array()) {
            if (each.is_string()) {
                made.emplace_back(each.as_string());
            }
        }
    }
    return made;
}

std::optional<base::Time> time(const json::object& from, std::string_view name)
{
    const auto parsed = base::parse_rfc3339(text(from, name));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator)
{
    std::string made;
    for (const auto& each : texts) {
        made += made.empty() ? each : std::string(separator) + each;
    }
    return made;
}

}  // namespace cli
