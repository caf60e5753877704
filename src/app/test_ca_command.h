// `certwright test-ca`: a private CA behind an ACME server, for trying certwright and for tests of ACME
// clients.
#pragma once

#include <CLI/CLI.hpp>

namespace app {

// Adds it to the command line; `status` is what the process exits with.
void add_test_ca(CLI::App& app, int& status);

}  // namespace app
