// A program that runs beside the test and never outlives it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace test {

// Starts at construction; is told to end, and waited for, at destruction. The kernel kills it when this
// thread dies first.
class Child {
public:
    // `environment` is added to ours; both outputs go to `log`.
    Child(std::vector<std::string> command, const std::map<std::string, std::string>& environment,
          const std::filesystem::path& log);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    bool running();
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
    bool ended_ = false;
};

// A TCP port on 127.0.0.1 that was free a moment ago, for programs that cannot bind port 0.
std::uint16_t free_port();

// Waits until 127.0.0.1:`port` takes connections; false when `child` ended or the time is over.
bool wait_for_port(Child& child, std::uint16_t port);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace test
