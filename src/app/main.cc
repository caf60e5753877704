// certwright: managed HTTPS for every name its operator is responsible for.
#include "app/commands.h"
#include "cli/cli.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv)
{
    constexpr int exit_software = 70;  // sysexits.h: a bug
    try {
        return cli::run(argc, argv, app::add_commands);
    } catch (const std::exception& bug) {
        std::fprintf(stderr, "certwright: internal error: %s\n", bug.what());
    } catch (...) {
        std::fprintf(stderr, "certwright: internal error\n");
    }
    return exit_software;
}
