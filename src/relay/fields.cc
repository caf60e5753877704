#include "relay/fields.h"

#include <fmt/format.h>

namespace relay {

namespace json = boost::json;

const json::value* Fields::any(std::string_view name)
{
    known_.emplace(name);
    const auto* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void Fields::complain(std::string_view name, std::string_view wanted)
{
    if (problem_.empty()) {
        problem_ = fmt::format("\"{}\" must be {}", name, wanted);
    }
}

std::optional<std::string> Fields::text(std::string_view name)
{
    const auto* value = any(name);
    if (value != nullptr && !value->is_string()) {
        complain(name, "a text");
    }
    return value != nullptr && value->is_string() ? std::optional<std::string>(value->get_string())
                                                  : std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name)
{
    const auto* value = any(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    auto parsed = json::try_value_to<std::vector<std::string>>(*value);
    if (!parsed) {
        complain(name, "a list of texts");
        return std::nullopt;
    }
    return std::move(*parsed);
}

std::optional<std::int64_t> Fields::number(std::string_view name, std::int64_t least, std::int64_t most)
{
    const auto* value = any(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
        complain(name, fmt::format("a whole number from {} to {}", least, most));
        return std::nullopt;
    }
    return value->get_int64();
}

std::optional<bool> Fields::flag(std::string_view name)
{
    const auto* value = any(name);
    if (value != nullptr && !value->is_bool()) {
        complain(name, "true or false");
    }
    return value != nullptr && value->is_bool() ? std::optional<bool>(value->get_bool()) : std::nullopt;
}

std::optional<base::Time> Fields::time(std::string_view name)
{
    const auto given = text(name);
    if (!given) {
        return std::nullopt;
    }
    const auto parsed = base::parse_rfc3339(*given);
    if (!parsed) {
        complain(name, "a time such as 2026-11-22T12:00:00Z");
        return std::nullopt;
    }
    return *parsed;
}

std::optional<std::chrono::seconds> Fields::seconds(std::string_view name)
{
    constexpr std::int64_t year = 366 * 24 * 3600;
    const auto given = number(name, 0, year);
    return given ? std::optional(std::chrono::seconds(*given)) : std::nullopt;
}

std::optional<std::chrono::milliseconds> Fields::millis(std::string_view name)
{
    constexpr std::int64_t day = 24 * 3600 * 1000;
    const auto given = number(name, 0, day);
    return given ? std::optional(std::chrono::milliseconds(*given)) : std::nullopt;
}

base::Result<> Fields::well_typed() const
{
    return problem_.empty() ? base::Result<>() : base::fail(base::Errc::invalid, problem_);
}

base::Result<> Fields::finish() const
{
    CHECKED(well_typed());
    for (const auto& [name, value] : object_) {
        if (!known_.contains(std::string_view(name))) {
            return base::fail(base::Errc::invalid,
                              fmt::format("there is no member \"{}\"", std::string_view(name)));
        }
    }
    return {};
}

base::Result<json::object> parse_object(std::string_view text, std::string_view what)
{
    boost::system::error_code failure;
    json::parse_options options;
    options.max_depth = 16;
    auto value = json::parse(text, failure, {}, options);
    if (failure || !value.is_object()) {
        return base::fail(base::Errc::invalid, fmt::format("{} is not a JSON object", what));
    }
    return std::move(value.get_object());
}

}  // namespace relay
