#include "base/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

namespace base {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t millis;
};
// Longest first, so that to_text() chooses the shortest form.
constexpr std::array<Unit, 5> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Result<std::int64_t> parse_number(const std::string& text)
{
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        return fail(Errc::invalid, fmt::format("'{}' is not a whole number", text));
    }
    return value;
}

std::string toml_text(const std::string& text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string toml_list(const std::vector<std::string>& items)
{
    std::string out;
    for (const auto& item : items) {
        out += (out.empty() ? "" : ", ") + toml_text(item);
    }
    return "[" + out + "]";
}

std::vector<std::string> split_commas(const std::string& text)
{
    std::vector<std::string> items;
    std::size_t from = 0;
    while (from <= text.size() && !text.empty()) {
        const auto comma = std::min(text.find(',', from), text.size());
        auto item = text.substr(from, comma - from);
        item.erase(0, item.find_first_not_of(' '));
        item.erase(item.find_last_not_of(' ') + 1);
        if (!item.empty()) {
            items.push_back(item);
        }
        from = comma + 1;
    }
    return items;
}

// The text of one TOML scalar; empty optional for tables and dates, which no field takes.
std::optional<std::string> scalar_text(const toml::node& node)
{
    if (const auto text = node.value_exact<std::string>()) {
        return *text;
    }
    if (const auto number = node.value_exact<std::int64_t>()) {
        return fmt::to_string(*number);
    }
    if (const auto flag = node.value_exact<bool>()) {
        return *flag ? "true" : "false";
    }
    return std::nullopt;
}

struct Given {
    std::string where;  // "line 3", "CERTWRIGHT_DOMAIN", "--domain"
    std::vector<std::string> values;
};

void flatten(const toml::table& table, const std::string& prefix, std::map<std::string, Given>& given,
             std::vector<std::string>& problems)
{
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        const auto where = fmt::format("line {}", node.source().begin.line);
        if (const auto* inner = node.as_table()) {
            flatten(*inner, key + ".", given, problems);
        } else if (const auto* items = node.as_array()) {
            Given list{where, {}};
            for (const auto& item : *items) {
                if (const auto text = scalar_text(item)) {
                    list.values.push_back(*text);
                } else {
                    problems.push_back(
                        fmt::format("{}: {} has an item that is not text or a number", where, key));
                }
            }
            given[key] = std::move(list);
        } else if (const auto text = scalar_text(node)) {
            given[key] = Given{where, {*text}};
        } else {
            problems.push_back(fmt::format("{}: {} has a value of a type that no setting takes", where, key));
        }
    }
}

// Edit distance, to suggest the key that was meant.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string suggestion(const std::vector<ConfigTable::Field>& fields, const std::string& key)
{
    const auto closest =
        std::ranges::min_element(fields, {}, [&](const auto& field) { return distance(field.key, key); });
    if (closest == fields.end() || distance(closest->key, key) > 3) {
        return "; `certwright config reference` lists every setting";
    }
    return fmt::format("; did you mean '{}'?", closest->key);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    std::int64_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto found = std::ranges::find(units, unit, &Unit::name);
    if (failure != std::errc() || found == units.end() || count < 0 || count > 1'000'000'000) {
        return fail(Errc::invalid, fmt::format("'{}' is not a duration such as 500ms, 30s, 5m, 12h or 7d",
                                               text.substr(0, 40)));
    }
    return std::chrono::milliseconds(count * found->millis);
}

std::string to_text(std::chrono::milliseconds duration)
{
    for (const auto& unit : units) {
        if (duration.count() % unit.millis == 0 && duration.count() != 0) {
            return fmt::format("{}{}", duration.count() / unit.millis, unit.name);
        }
    }
    return "0s";
}

std::string ConfigTable::environment_name(const std::string& key)
{
    std::string name = "CERTWRIGHT_" + key;
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c == '.' ? '_' : static_cast<char>(std::toupper(c)); });
    return name;
}

std::string ConfigTable::flag_name(const std::string& key)
{
    std::string name = "--" + key;
    std::ranges::replace(name, '.', '-');
    std::ranges::replace(name, '_', '-');
    return name;
}

void ConfigTable::text(std::string key, std::string& variable, std::string description, Check check)
{
    auto set = [&variable, check](const std::vector<std::string>& values) -> Result<> {
        if (values.size() != 1) {
            return fail(Errc::invalid, "takes one value");
        }
        if (check) {
            CHECKED(check(values[0]));
        }
        variable = values[0];
        return {};
    };
    fields_.push_back(
        {std::move(key), "text", std::move(description), toml_text(variable), std::move(set), false});
}

void ConfigTable::list(std::string key, std::vector<std::string>& variable, std::string description,
                       Check check_each)
{
    auto set = [&variable, check_each](const std::vector<std::string>& values) -> Result<> {
        for (const auto& value : values) {
            if (check_each) {
                CHECKED(check_each(value));
            }
        }
        variable = values;
        return {};
    };
    fields_.push_back(
        {std::move(key), "list", std::move(description), toml_list(variable), std::move(set), true});
}

void ConfigTable::number(std::string key, std::int64_t& variable, std::int64_t least, std::int64_t most,
                         std::string description)
{
    auto set = [&variable, least, most](const std::vector<std::string>& values) -> Result<> {
        if (values.size() != 1) {
            return fail(Errc::invalid, "takes one number");
        }
        TRY(value, parse_number(values[0]));
        if (value < least || value > most) {
            return fail(Errc::invalid, fmt::format("{} is not between {} and {}", value, least, most));
        }
        variable = value;
        return {};
    };
    fields_.push_back({std::move(key), fmt::format("number {}..{}", least, most), std::move(description),
                       fmt::to_string(variable), std::move(set), false});
}

void ConfigTable::boolean(std::string key, bool& variable, std::string description)
{
    auto set = [&variable](const std::vector<std::string>& values) -> Result<> {
        if (values.size() != 1 || (values[0] != "true" && values[0] != "false")) {
            return fail(Errc::invalid, "takes true or false");
        }
        variable = values[0] == "true";
        return {};
    };
    fields_.push_back({std::move(key), "true|false", std::move(description), variable ? "true" : "false",
                       std::move(set), false});
}

void ConfigTable::duration(std::string key, std::chrono::milliseconds& variable, std::string description)
{
    auto set = [&variable](const std::vector<std::string>& values) -> Result<> {
        if (values.size() != 1) {
            return fail(Errc::invalid, "takes one duration");
        }
        TRY(value, parse_duration(values[0]));
        variable = value;
        return {};
    };
    fields_.push_back({std::move(key), "duration", std::move(description), toml_text(to_text(variable)),
                       std::move(set), false});
}

Result<> ConfigTable::load(const std::filesystem::path& file,
                           const std::map<std::string, std::string>& environment,
                           const std::map<std::string, std::vector<std::string>>& flags) const
{
    std::map<std::string, Given> given;
    std::vector<std::string> problems;
    if (!file.empty()) {
        if (!std::ifstream(file)) {
            return fail(Error(Errc::invalid, fmt::format("{} cannot be read", file.string()))
                            .with_code("config_invalid")
                            .with_fix("Check its name and permissions."));
        }
        try {
            flatten(toml::parse_file(file.string()), "", given, problems);
        } catch (const toml::parse_error& error) {
            return fail(Error(Errc::invalid, fmt::format("{}: line {}: {}", file.string(),
                                                         error.source().begin.line, error.description()))
                            .with_code("config_invalid"));
        }
    }
    for (const auto& field : fields_) {
        if (const auto set = environment.find(environment_name(field.key)); set != environment.end()) {
            given[field.key] = {
                set->first, field.list ? split_commas(set->second) : std::vector<std::string>{set->second}};
        }
        if (const auto set = flags.find(field.key); set != flags.end()) {
            given[field.key] = {flag_name(field.key), set->second};
        }
    }
    for (const auto& [key, value] : given) {
        const auto field = std::ranges::find(fields_, key, &Field::key);
        if (field == fields_.end()) {
            problems.push_back(
                fmt::format("{}: unknown setting '{}'{}", value.where, key, suggestion(fields_, key)));
        } else if (auto set = field->set(value.values); !set) {
            const bool by_flag = value.where == flag_name(key);
            problems.push_back(
                fmt::format("{}{}: {}", value.where, by_flag ? "" : ": " + key, set.error().message()));
        }
    }
    if (problems.empty()) {
        return {};
    }
    std::string all = file.empty() ? "the configuration is wrong" : fmt::format("{} is wrong", file.string());
    for (const auto& problem : problems) {
        all += "\n  " + problem;
    }
    return fail(Error(Errc::invalid, std::move(all)).with_code("config_invalid"));
}

std::string ConfigTable::reference() const
{
    std::string out =
        "# Every setting of certwright with its default. Each is also an environment variable and a flag.\n";
    std::string section;
    // TOML wants the keys without a section first.
    for (const bool sectioned : {false, true}) {
        for (const auto& field : fields_) {
            const auto dot = field.key.find('.');
            if ((dot != std::string::npos) != sectioned) {
                continue;
            }
            if (sectioned && field.key.substr(0, dot) != section) {
                section = field.key.substr(0, dot);
                out += fmt::format("\n[{}]\n", section);
            }
            out += fmt::format("\n# {}\n# {} ({})\n{} = {}\n", field.description, environment_name(field.key),
                               field.type, sectioned ? field.key.substr(dot + 1) : field.key,
                               field.default_text);
        }
    }
    return out;
}

std::string ConfigTable::markdown() const
{
    std::string out = "| setting | type | default | what it does |\n|---|---|---|---|\n";
    for (const auto& field : fields_) {
        std::string type = field.type;
        for (auto bar = type.find('|'); bar != std::string::npos; bar = type.find('|', bar + 2)) {
            type.insert(bar, "\\");
        }
        out += fmt::format("| `{}` | {} | `{}` | {} |\n", field.key, type, field.default_text,
                           field.description);
    }
    return out;
}

}  // namespace base
