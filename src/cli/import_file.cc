#include "cli/import_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cli {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 7> columns{"names",     "upstream",  "kind",  "ip_filter",
                                                  "filter_at", "key_types", "tenant"};

base::Error bad(std::size_t line, std::string_view why, std::string fix)
{
    return base::Error(base::Errc::invalid, fmt::format("line {}: {}", line, why))
        .with_code("import_invalid")
        .with_fix(std::move(fix));
}

bool is_list(std::string_view column)
{
    return column == "names" || column == "ip_filter" || column == "key_types";
}

std::vector<std::string> words(std::string_view text)
{
    std::vector<std::string> made;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        if (end > at) {
            made.emplace_back(text.substr(at, end - at));
        }
        at = end + 1;
    }
    return made;
}

// The fields of one line; a field in quotes may hold commas, and quotes written twice.
base::Result<std::vector<std::string>> fields_of(std::string_view line, std::size_t number)
{
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char each = line[i];
        if (quoted && each == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            fields.back() += '"';
            ++i;
        } else if (each == '"' && (quoted || fields.back().empty())) {
            quoted = !quoted;
        } else if (each == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += each;
        }
    }
    if (quoted) {
        return base::fail(bad(number, "a quote is not closed", "Close it, or write a quote as two."));
    }
    return fields;
}

json::object body_of(const std::vector<std::string>& heading, const std::vector<std::string>& fields)
{
    json::object body;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].empty()) {
            continue;
        }
        if (is_list(heading[i])) {
            json::array list;
            for (auto& each : words(fields[i])) {
                list.emplace_back(std::move(each));
            }
            body[heading[i]] = std::move(list);
        } else {
            body[heading[i]] = fields[i];
        }
    }
    return body;
}

base::Result<> check_heading(const std::vector<std::string>& heading, std::size_t number)
{
    const std::string fix = fmt::format(
        "Name the columns in the first line, e.g. names,upstream; there are {}.", fmt::join(columns, ", "));
    for (const auto& each : heading) {
        if (std::ranges::find(columns, each) == columns.end()) {
            return base::fail(bad(number, fmt::format("there is no column '{}'", each.substr(0, 60)), fix));
        }
    }
    for (const auto* needed : {"names", "upstream"}) {
        if (std::ranges::find(heading, needed) == heading.end()) {
            return base::fail(bad(number, fmt::format("the column '{}' is missing", needed), fix));
        }
    }
    return {};
}

base::Result<json::object> json_line(std::string_view line, std::size_t number)
{
    boost::system::error_code error;
    auto value = json::parse(line, error);
    if (error || !value.is_object()) {
        return base::fail(bad(number, error ? "it is not JSON: " + error.message() : "it is no JSON object",
                              "Write one object a line, e.g. "
                              "{\"name\":\"shop.example.com\",\"upstream\":\"http://10.0.0.5\"}."));
    }
    return std::move(value.as_object());
}

}  // namespace

base::Result<std::vector<ImportLine>> parse_import(std::string_view text)
{
    std::vector<ImportLine> lines;
    std::vector<std::string> heading;
    bool first = true;
    bool as_json = false;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        auto line = text.substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        as_json = first ? line.starts_with('{') : as_json;
        if (as_json) {
            TRY(body, json_line(line, number));
            lines.push_back({number, std::move(body)});
        } else {
            TRY(fields, fields_of(line, number));
            if (first) {
                CHECKED(check_heading(fields, number));
                heading = std::move(fields);
            } else if (fields.size() > heading.size()) {
                return base::fail(bad(number, "it has more fields than the first line has columns",
                                      "Put fields with commas in quotes."));
            } else {
                lines.push_back({number, body_of(heading, fields)});
            }
        }
        first = false;
    }
    return lines;
}

}  // namespace cli
