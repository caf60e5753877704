// The commands that run a node or talk of its configuration: serve, edge, config, simulate, test-ca.
#pragma once

#include <CLI/CLI.hpp>

namespace app {

// Adds them to the command line; `status` is what the process exits with.
void add_commands(CLI::App& app, int& status);

}  // namespace app
