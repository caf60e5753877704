// Flags of a command from its configuration table: one for each setting, and --config.
#pragma once

#include "base/config.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace app {

struct Flags {
    std::filesystem::path config;
    std::map<std::string, std::vector<std::string>> values;  // by setting; only those given have values
};

// `flags` outlives the parsing.
void add_flags(CLI::App& command, const base::ConfigTable& table, Flags& flags);

// Applies the file, this process's environment and the flags to the variables behind `table`.
base::Result<> load(const base::ConfigTable& table, const Flags& flags);

}  // namespace app
