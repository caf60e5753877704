#include "api/field_reader.h"

#include <charconv>

namespace api {

FieldReader::FieldReader(const std::map<std::string, std::string>& query) : query_(true)
{
    for (const auto& [name, value] : query) {
        body_[name] = value;
    }
}

const json::value* FieldReader::take(std::string_view name)
{
    known_.emplace(name);
    const auto* value = body_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void FieldReader::add_problem(std::string_view name, std::string detail)
{
    FieldProblem made;
    made.pointer = query_ ? std::string(name) : "/" + std::string(name);
    made.detail = std::move(detail);
    problems_.push_back(std::move(made));
}

std::optional<std::string> FieldReader::text(std::string_view name)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        add_problem(name, "must be a text");
        return std::nullopt;
    }
    return std::string(value->as_string());
}

std::string FieldReader::required_text(std::string_view name)
{
    if (take(name) == nullptr) {
        add_problem(name, "is missing");
        return {};
    }
    auto given = text(name);
    if (given && given->empty()) {
        add_problem(name, "must not be empty");
    }
    return std::move(given).value_or("");
}

std::optional<std::vector<std::string>> FieldReader::texts(std::string_view name)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> made;
    const auto* array = value->if_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        if (!(*array)[i].is_string()) {
            array = nullptr;
            break;
        }
        made.emplace_back((*array)[i].as_string());
    }
    if (array == nullptr) {
        add_problem(name, "must be a list of texts");
        return std::nullopt;
    }
    return made;
}

std::optional<std::vector<json::object>> FieldReader::objects(std::string_view name)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::vector<json::object> made;
    const auto* array = value->if_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        if (!(*array)[i].is_object()) {
            array = nullptr;
            break;
        }
        made.push_back((*array)[i].as_object());
    }
    if (array == nullptr) {
        add_problem(name, "must be a list of objects");
        return std::nullopt;
    }
    return made;
}

std::optional<json::object> FieldReader::object(std::string_view name)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_object()) {
        add_problem(name, "must be an object");
        return std::nullopt;
    }
    return value->as_object();
}

std::optional<bool> FieldReader::flag(std::string_view name)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (query_ && (*value == "true" || *value == "false")) {
        return *value == "true";
    }
    if (!value->is_bool()) {
        add_problem(name, "must be true or false");
        return std::nullopt;
    }
    return value->as_bool();
}

std::optional<std::int64_t> FieldReader::number(std::string_view name, std::int64_t least, std::int64_t most)
{
    const auto* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::optional<std::int64_t> made;
    if (value->is_int64()) {
        made = value->as_int64();
    } else if (query_ && value->is_string()) {
        const auto& digits = value->as_string();
        std::int64_t parsed = 0;
        const auto* end = digits.data() + digits.size();
        const auto [stopped, error] = std::from_chars(digits.data(), end, parsed);
        if (error == std::errc() && stopped == end) {
            made = parsed;
        }
    }
    if (!made || *made < least || *made > most) {
        add_problem(name, fmt::format("must be a whole number from {} to {}", least, most));
        return std::nullopt;
    }
    return made;
}

std::optional<base::Time> FieldReader::time(std::string_view name)
{
    const auto given = text(name);
    if (!given) {
        return std::nullopt;
    }
    const auto parsed = base::parse_rfc3339(*given);
    if (!parsed) {
        add_problem(name, "must be a time such as 2027-01-31T12:00:00Z");
        return std::nullopt;
    }
    return *parsed;
}

void FieldReader::add_problems(std::string_view name, FieldReader& inner)
{
    inner.find_unknown();
    for (auto& each : inner.problems_) {
        each.pointer = "/" + std::string(name) + each.pointer;
        problems_.push_back(std::move(each));
    }
}

void FieldReader::find_unknown()
{
    for (const auto& [name, value] : body_) {
        if (!known_.contains(std::string_view(name))) {
            add_problem(std::string_view(name).substr(0, 60),
                        query_ ? "is not a parameter here" : "is not known here");
        }
    }
}

std::optional<Answer> FieldReader::problems()
{
    find_unknown();
    if (problems_.empty()) {
        return std::nullopt;
    }
    return problem(problems_, query_ ? "parameters_invalid" : "body_invalid");
}

}  // namespace api
