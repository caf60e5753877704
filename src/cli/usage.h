// What a person is told who asks for help, or whose command line cannot be understood.
#pragma once

#include "cli/console.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace cli {

// How --help looks: nothing wider than 80 columns, as far as words allow.
std::shared_ptr<CLI::FormatterBase> help_text();

// Prints what help was asked for, or what is wrong and where to read on. Returns the exit status.
int tell_usage(CLI::App& app, const CLI::ParseError& error, Console& console);

}  // namespace cli
