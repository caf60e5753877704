#include "app/flags.h"

#include <unistd.h>

namespace app {

namespace {

std::map<std::string, std::string> own_environment()
{
    std::map<std::string, std::string> variables;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view text(*each);
        const auto equals = text.find('=');
        if (text.starts_with("CERTWRIGHT_") && equals != std::string_view::npos) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return variables;
}

}  // namespace

void add_flags(CLI::App& command, const base::ConfigTable& table, Flags& flags)
{
    command.add_option("--config", flags.config,
                       "A TOML file with settings; see `certwright config reference`.");
    for (const auto& field : table.fields()) {
        auto* option = command.add_option(base::ConfigTable::flag_name(field.key), flags.values[field.key],
                                          field.description);
        option->type_name(field.type)->default_str(field.default_text)->expected(1);
        if (field.list) {
            option->take_all()->delimiter(',');
        } else {
            option->take_last();
        }
    }
}

base::Result<> load(const base::ConfigTable& table, const Flags& flags)
{
    auto given = flags.values;
    std::erase_if(given, [](const auto& value) { return value.second.empty(); });
    return table.load(flags.config, own_environment(), given);
}

}  // namespace app
