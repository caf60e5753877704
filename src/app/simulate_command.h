// `certwright simulate`: how long a rollout takes within a CA's limits, and what it will look like.
#pragma once

#include <CLI/CLI.hpp>

namespace app {

// `status` becomes the exit status: 0, 1 when a limit was violated, a certificate expired or --finish-by
// cannot be met, 2 for wrong usage.
void add_simulate(CLI::App& app, int& status);

}  // namespace app
