// The command line: nouns and verbs that are a client of the API. app adds the commands that run a node.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace cli {

class Console;

// What scripts can rely on.
enum ExitStatus { ok = 0, problem = 1, usage = 2, unreachable = 3 };

// Adds subcommands; what their callbacks store in `status` becomes the process's exit status. `status`
// outlives them.
using AddMore = std::function<void(CLI::App& app, int& status)>;

// Parses the command line, runs what it asks for, and returns the exit status (70 for a bug). Never throws.
int run(int argc, const char* const* argv, const AddMore& add_more);

// The same with other streams.
int run(int argc, const char* const* argv, Console& console, const AddMore& add_more);

// The whole command line on `app`, unparsed.
void build(CLI::App& app, Console& console, const AddMore& add_more);

}  // namespace cli
