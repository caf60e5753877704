#include "cli/import_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cli {

namespace {

namespace json = boost::json;

enum class Holds { text, list, number, flag };

struct Column {
    std::string_view name;    // in the file
    std::string_view member;  // of what the API takes
    Holds holds = Holds::text;
    bool needed = false;
};
using Columns = std::vector<Column>;

Columns columns_of(ImportOf what)
{
    Columns columns{{"names", "names", Holds::list, true}};
    if (what == ImportOf::endpoints) {
        columns.push_back({"upstream", "upstream", Holds::text, true});
    } else {
        columns.push_back({"to", "redirect_to", Holds::text, true});
        columns.push_back({"status", "redirect_status", Holds::number});
        columns.push_back({"keep_path", "redirect_keep_path", Holds::flag});
    }
    for (const auto* text : {"kind", "filter_at", "tenant"}) {
        columns.push_back({text, text});
    }
    for (const auto* list : {"ip_filter", "key_types"}) {
        columns.push_back({list, list, Holds::list});
    }
    return columns;
}

base::Error bad(std::size_t line, std::string_view why, std::string fix)
{
    return base::Error(base::Errc::invalid, fmt::format("line {}: {}", line, why))
        .with_code("import_invalid")
        .with_fix(std::move(fix));
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

// What is neither a number nor true or false stays a text, which the API refuses with its reason.
json::value value_of(Holds holds, const std::string& field)
{
    if (holds == Holds::list) {
        json::array list;
        for (auto& each : words(field)) {
            list.emplace_back(std::move(each));
        }
        return list;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (holds == Holds::number && error == std::errc() && end == field.data() + field.size()) {
        return number;
    }
    if (holds == Holds::flag && (field == "true" || field == "false")) {
        return field == "true";
    }
    return json::string(field);
}

json::object body_of(const Columns& heading, const std::vector<std::string>& fields)
{
    json::object body;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!fields[i].empty()) {
            body[heading[i].member] = value_of(heading[i].holds, fields[i]);
        }
    }
    return body;
}

base::Result<Columns> read_heading(const Columns& columns, const std::vector<std::string>& fields,
                                   std::size_t number)
{
    std::vector<std::string_view> known;
    std::ranges::transform(columns, std::back_inserter(known), &Column::name);
    const std::string fix = fmt::format("Name the columns in the first line, e.g. {},{}; there are {}.",
                                        columns[0].name, columns[1].name, fmt::join(known, ", "));
    Columns heading;
    for (const auto& each : fields) {
        const auto found = std::ranges::find(columns, each, &Column::name);
        if (found == columns.end()) {
            return base::fail(bad(number, fmt::format("there is no column '{}'", each.substr(0, 60)), fix));
        }
        heading.push_back(*found);
    }
    for (const auto& column : columns) {
        if (column.needed && std::ranges::find(fields, column.name) == fields.end()) {
            return base::fail(bad(number, fmt::format("the column '{}' is missing", column.name), fix));
        }
    }
    return heading;
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

base::Result<std::vector<ImportLine>> parse_import(std::string_view text, ImportOf what)
{
    const auto columns = columns_of(what);
    std::vector<ImportLine> lines;
    Columns heading;
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
                TRY(named, read_heading(columns, fields, number));
                heading = std::move(named);
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
