#include "app/successor.h"

#include <fmt/format.h>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace app {

namespace {

constexpr std::string_view take_over = "--take-over";
constexpr int first_of_others = 3;  // behind standard input, output and error

std::vector<std::string> own_arguments()
{
    std::vector<std::string> arguments;
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    for (std::string each; std::getline(file, each, '\0');) {
        arguments.push_back(each);
    }
    return arguments;
}

}  // namespace

Successor::Successor() : arguments_(own_arguments())
{
    std::error_code ignored;
    program_ = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
    if (std::ranges::find(arguments_, take_over) == arguments_.end()) {
        arguments_.emplace_back(take_over);
    }
}

base::Result<pid_t> Successor::start()
{
    if (started_ != 0 && ::waitpid(started_, nullptr, WNOHANG) == 0) {
        return base::fail(base::Errc::conflict, fmt::format("process {} is taking over already", started_));
    }
    std::vector<char*> arguments;
    for (auto& each : arguments_) {
        arguments.push_back(each.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    // Whatever a library opened without close-on-exec stays here.
    posix_spawn_file_actions_addclosefrom_np(&actions, first_of_others);
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, program_.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return base::fail(base::Errc::unavailable, fmt::format("cannot start {}: {}", program_,
                                                               std::generic_category().message(failed)));
    }
    started_ = child;
    return child;
}

}  // namespace app
