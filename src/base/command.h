// Running another program: hooks and channels that the operator names in the configuration file.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct Command {
    std::vector<std::string> words;           // the program, found along PATH, and its arguments; no shell
    std::string input;                        // on its standard input
    std::vector<std::string> environment;     // NAME=value, added to a plain PATH and nothing of ours
    std::chrono::milliseconds limit{30'000};  // then it and what it started are killed
    std::size_t most_output = 64 * 1024;      // what it writes beyond is dropped
};

struct CommandOutcome {
    int status = 0;      // exit status; 128 + the signal that ended it
    std::string output;  // standard output and error as they came
};

// Blocks: call it through base::blocking. Fails with not_found (code command_not_found), timeout (code
// command_timeout), or internal; any exit status is a success.
Result<CommandOutcome> run_command(const Command& command);

// The words of a line, separated by blanks; no quotes and no shell.
std::vector<std::string> words_of(std::string_view line);

}  // namespace base
