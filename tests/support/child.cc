#include "support/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace test {

namespace {

constexpr std::chrono::milliseconds step{5};
constexpr int start_steps = 4000;  // 20 s
constexpr int stop_steps = 1000;   // 5 s

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// sockaddr_in is what the socket calls mean by sockaddr.
sockaddr* generic(sockaddr_in& address)
{
    return reinterpret_cast<sockaddr*>(&address);
}

// In the child: only calls that are safe after fork.
[[noreturn]] void become(char* const* arguments, char* const* environment, int output)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execvpe(arguments[0], arguments, environment);
    ::_exit(127);
}

std::vector<std::string> merged(const std::map<std::string, std::string>& added)
{
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) {
            all.push_back(text);
        }
    }
    for (const auto& [name, value] : added) {
        all.push_back(name + "=" + value);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> result;
    for (auto& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

}  // namespace

Child::Child(std::vector<std::string> command, const std::map<std::string, std::string>& environment,
             const std::filesystem::path& log)
{
    auto variables = merged(environment);
    const auto arguments = pointers(command);
    const auto settings = pointers(variables);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_ = ::fork();
    if (pid_ == 0) {
        become(arguments.data(), settings.data(), output);
    }
    ::close(output);
    if (pid_ < 0) {
        throw std::runtime_error("cannot start " + command.front());
    }
}

Child::~Child()
{
    if (!running()) {
        return;
    }
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < stop_steps && running(); ++i) {
        std::this_thread::sleep_for(step);
    }
    if (running()) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool Child::running()
{
    if (!ended_) {
        ended_ = ::waitpid(pid_, nullptr, WNOHANG) != 0;
    }
    return !ended_;
}

std::uint16_t free_port()
{
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    const bool bound =
        ::bind(socket, generic(address), size) == 0 && ::getsockname(socket, generic(address), &size) == 0;
    ::close(socket);
    if (!bound) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

bool wait_for_port(Child& child, std::uint16_t port)
{
    for (int i = 0; i < start_steps && child.running(); ++i) {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto address = loopback(port);
        const bool connected = ::connect(socket, generic(address), sizeof(address)) == 0;
        ::close(socket);
        if (connected) {
            return true;
        }
        std::this_thread::sleep_for(step);
    }
    return false;
}

std::string read_file(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    std::string text(stream ? static_cast<std::size_t>(stream.tellg()) : 0, '\0');
    stream.seekg(0).read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

void write_file(const std::filesystem::path& file, const std::string& text)
{
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    if (!stream.flush()) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

}  // namespace test
