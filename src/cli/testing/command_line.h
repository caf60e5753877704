// Runs the command line as a person would, against an API of scripted answers. For tests only.
#pragma once

#include "cli/cli.h"
#include "cli/console.h"
#include "cli/testing/scripted_api.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace cli::testing {

struct Ran {
    int status = 0;
    std::string out;
    std::string err;
};

inline Ran run_with(const std::vector<std::string>& arguments)
{
    std::ostringstream out;
    std::ostringstream err;
    Console console(out, err, false, false);
    std::vector<const char*> argv{"certwright"};
    for (const auto& each : arguments) {
        argv.push_back(each.c_str());
    }
    Ran ran;
    ran.status = run(static_cast<int>(argv.size()), argv.data(), console, {});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
}

class CommandLine : public ::testing::Test {
protected:
    Ran call(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(), {"--api", server.url(), "--token", "secret"});
        return run_with(arguments);
    }

    ScriptedApi server;
};

}  // namespace cli::testing
