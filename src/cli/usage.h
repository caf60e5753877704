// What a person is told whose command line cannot be understood.
#pragma once

#include "cli/console.h"

#include <CLI/CLI.hpp>

namespace cli {

// Prints what help was asked for, or what is wrong and where to read on. Returns the exit status.
int tell_usage(CLI::App& app, const CLI::ParseError& error, Console& console);

}  // namespace cli
