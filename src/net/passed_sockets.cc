#include "net/passed_sockets.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace net {

namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START
constexpr int most_passed = 1'000;
constexpr std::array<std::string_view, 6> uses{"http", "https", "api", "feed", "responder", "dns"};

base::Error not_usable(std::string_view use, std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("the passed socket '{}' {}", use, why))
        .with_code("passed_socket_invalid")
        .with_fix(
            "in each systemd .socket unit write FileDescriptorName=http, https, api, feed, responder or dns, "
            "and addresses with ListenStream= (for dns ListenDatagram= too)");
}

// Absent and malformed variables are the same: nothing was passed.
int number_from_environment(const char* name)
{
    const char* text = std::getenv(name);
    int value = 0;
    if (text != nullptr) {
        std::from_chars(text, text + std::strlen(text), value);
    }
    return value;
}

std::vector<std::string> split_names(std::string_view names)
{
    std::vector<std::string> all;
    for (std::size_t from = 0; from <= names.size();) {
        const auto end = std::min(names.find(':', from), names.size());
        all.emplace_back(names.substr(from, end - from));
        from = end + 1;
    }
    return all;
}

int option(int file, int which)
{
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(file, SOL_SOCKET, which, &value, &size) == 0 ? value : -1;
}

std::optional<Endpoint> address_of(int file)
{
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(file, reinterpret_cast<sockaddr*>(&storage), &size) != 0 ||
        (storage.ss_family != AF_INET && storage.ss_family != AF_INET6)) {
        return std::nullopt;
    }
    Endpoint where;
    std::memcpy(where.data(), &storage, std::min<std::size_t>(size, where.capacity()));
    where.resize(size);
    return where;
}

bool same_socket(int a, int b)
{
    struct stat of_a{};
    struct stat of_b{};
    return ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

Descriptor copy_of(int file)
{
    return Descriptor(::fcntl(file, F_DUPFD_CLOEXEC, first_passed));
}

}  // namespace

base::Result<PassedSockets> PassedSockets::from_systemd()
{
    PassedSockets passed;
    const bool ours = number_from_environment("LISTEN_PID") == ::getpid();
    const int count = ours ? std::clamp(number_from_environment("LISTEN_FDS"), 0, most_passed) : 0;
    const char* names_text = std::getenv("LISTEN_FDNAMES");
    const auto names = split_names(names_text == nullptr ? "" : names_text);
    for (const auto* each : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        ::unsetenv(each);
    }
    std::vector<Descriptor> files;
    for (int i = 0; i < count; ++i) {
        ::fcntl(first_passed + i, F_SETFD, FD_CLOEXEC);
        files.emplace_back(first_passed + i);
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string name = i < names.size() ? names[i] : "unknown";
        CHECKED(passed.add(name, std::move(files[i]), true));
    }
    return passed;
}

base::Result<> PassedSockets::add(std::string_view use, Descriptor file, bool from_systemd)
{
    if (std::ranges::find(uses, use) == uses.end()) {
        return base::fail(not_usable(use, "has a name that says nothing here"));
    }
    const auto where = address_of(file.get());
    const int type = option(file.get(), SO_TYPE);
    const bool udp = type == SOCK_DGRAM && use == "dns";
    if (!where || (!udp && option(file.get(), SO_ACCEPTCONN) != 1)) {
        return base::fail(not_usable(use, "is not a listening socket of the Internet"));
    }
    for (const auto& each : sockets_) {
        if (same_socket(each.file.get(), file.get())) {
            return {};
        }
    }
    const auto transport = udp ? Transport::udp : Transport::tcp;
    sockets_.push_back({std::string(use), *where, transport, from_systemd, false, std::move(file)});
    return {};
}

std::vector<Endpoint> PassedSockets::places(std::string_view use, std::vector<Endpoint> configured) const
{
    std::vector<Endpoint> told;
    for (const auto& each : sockets_) {
        if (each.from_systemd && each.use == use && std::ranges::find(told, each.where) == told.end()) {
            told.push_back(each.where);
        }
    }
    return told.empty() ? configured : told;
}

std::vector<Descriptor> PassedSockets::take(std::string_view use, const Endpoint& where, Transport transport)
{
    std::vector<Descriptor> taken;
    for (auto& each : sockets_) {
        if (each.use == use && each.where == where && each.transport == transport) {
            each.used = true;
            taken.push_back(copy_of(each.file.get()));
        }
    }
    std::erase_if(taken, [](const Descriptor& each) { return !each; });
    return taken;
}

void PassedSockets::keep(std::string_view use, int file)
{
    auto copy = copy_of(file);
    if (copy && add(use, std::move(copy), false)) {
        sockets_.back().used = true;
    }
}

void PassedSockets::drop_unused()
{
    std::erase_if(sockets_, [](const Socket& each) { return !each.used; });
}

}  // namespace net
