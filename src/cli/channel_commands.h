// certwright channel ..., and the verb that tests a channel, which alert has too. Internal to cli/.
#pragma once

#include "cli/commands.h"

namespace cli {

void add_channel_test(CLI::App& noun, Console& console, const std::string& example);
void add_channel_commands(CLI::App& app, Console& console);

}  // namespace cli
