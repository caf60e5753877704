#include "base/command.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

namespace base {

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* plain_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// One end of a pipe, closed with its owner.
class Descriptor {
public:
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    void set(int number) { number_ = number; }
    int get() const { return number_; }
    bool open() const { return number_ >= 0; }
    void close()
    {
        if (number_ >= 0) {
            ::close(number_);
        }
        number_ = -1;
    }

private:
    int number_ = -1;
};

struct Pipe {
    Descriptor reading;
    Descriptor writing;

    bool open()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return false;
        }
        reading.set(ends[0]);
        writing.set(ends[1]);
        return true;
    }
};

// A program need not read what it is given: writing to it then fails, and must not end us. Only for this
// thread, and what was pending before stays.
class NoBrokenPipe {
public:
    NoBrokenPipe()
    {
        sigemptyset(&signal_);
        sigaddset(&signal_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    NoBrokenPipe(const NoBrokenPipe&) = delete;
    NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
    ~NoBrokenPipe()
    {
        const timespec at_once{};
        if (!was_pending_) {
            sigtimedwait(&signal_, nullptr, &at_once);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t signal_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> made;
    made.reserve(texts.size() + 1);
    for (auto& each : texts) {
        made.push_back(each.data());
    }
    made.push_back(nullptr);
    return made;
}

// The child is the leader of a process group of its own, so that all it starts can be ended with it.
int spawn(const Command& command, int input, int output, pid_t& child)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    sigset_t nothing_blocked;
    sigemptyset(&nothing_blocked);
    posix_spawnattr_setsigmask(&attributes, &nothing_blocked);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                             POSIX_SPAWN_SETSIGMASK));
    auto words = command.words;
    auto environment = command.environment;
    environment.insert(environment.begin(), plain_path);
    const auto arguments = pointers(words);
    const auto variables = pointers(environment);
    const int failed = posix_spawnp(&child, words.front().c_str(), &actions, &attributes, arguments.data(),
                                    variables.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

// Feeds and reads until the output ends or the time is over; true when it ended.
bool converse(const Command& command, Descriptor& input, Descriptor& output, std::string& told)
{
    const auto deadline = Steady::now() + command.limit;
    std::size_t fed = 0;
    if (command.input.empty()) {
        input.close();
    }
    while (output.open()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now());
        if (left.count() <= 0) {
            return false;
        }
        std::array<pollfd, 2> watched{
            {{.fd = output.get(), .events = POLLIN, .revents = 0},
             {.fd = input.get(), .events = static_cast<short>(input.open() ? POLLOUT : 0), .revents = 0}}};
        if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
            return false;
        }
        if (input.open() && watched[1].revents != 0) {
            const auto sent = ::write(input.get(), command.input.data() + fed, command.input.size() - fed);
            fed += sent > 0 ? static_cast<std::size_t>(sent) : 0;
            // A program need not read what it is given.
            if (fed == command.input.size() || (sent < 0 && errno != EAGAIN && errno != EINTR)) {
                input.close();
            }
        }
        if (watched[0].revents != 0) {
            std::array<char, 4096> piece{};
            const auto got = ::read(output.get(), piece.data(), piece.size());
            if (got > 0) {
                const auto room = command.most_output - std::min(told.size(), command.most_output);
                told.append(piece.data(), std::min(room, static_cast<std::size_t>(got)));
            } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                output.close();
            }
        }
    }
    return true;
}

// Waits for the child; after the deadline it is killed.
std::optional<int> reap(pid_t child, Steady::time_point deadline)
{
    int status = 0;
    while (true) {
        const auto done = ::waitpid(child, &status, WNOHANG);
        if (done == child) {
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (done < 0 && errno != EINTR) {
            return 0;
        }
        if (Steady::now() >= deadline) {
            return std::nullopt;
        }
        ::poll(nullptr, 0, 5);
    }
}

void end(pid_t child)
{
    ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
}

}  // namespace

Result<CommandOutcome> run_command(const Command& command)
{
    if (command.words.empty()) {
        return fail(Error(Errc::not_found, "no program is named").with_code("command_not_found"));
    }
    Pipe input;
    Pipe output;
    if (!input.open() || !output.open()) {
        return fail(Errc::internal, fmt::format("no pipe: {}", std::strerror(errno)));
    }
    const auto deadline = Steady::now() + command.limit;
    pid_t child = -1;
    if (const int failed = spawn(command, input.reading.get(), output.writing.get(), child); failed != 0) {
        return fail(
            Error(failed == ENOENT ? Errc::not_found : Errc::internal,
                  fmt::format("{} cannot be started: {}", command.words.front(), std::strerror(failed)))
                .with_code("command_not_found")
                .with_fix("Give the full path of a program that certwright's user may run."));
    }
    input.reading.close();
    output.writing.close();
    ::fcntl(input.writing.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(output.reading.get(), F_SETFL, O_NONBLOCK);
    CommandOutcome outcome;
    std::optional<int> status;
    const NoBrokenPipe no_broken_pipe;
    if (converse(command, input.writing, output.reading, outcome.output)) {
        status = reap(child, deadline);
    }
    if (!status) {
        end(child);
        return fail(Error(Errc::timeout, fmt::format("{} did not end within {} s", command.words.front(),
                                                     command.limit.count() / 1000))
                        .with_code("command_timeout"));
    }
    outcome.status = *status;
    return outcome;
}

std::vector<std::string> words_of(std::string_view line)
{
    std::vector<std::string> words;
    std::string word;
    for (const char each : line) {
        if (each != ' ' && each != '\t') {
            word += each;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (!word.empty()) {
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace base
