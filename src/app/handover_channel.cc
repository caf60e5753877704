#include "app/handover_channel.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace app {

namespace {

constexpr std::string_view socket_name = "takeover.sock";
constexpr std::size_t longest_message = 256;

base::Error channel_failed(std::string_view what)
{
    const bool wait = errno == EAGAIN || errno == EWOULDBLOCK;
    return base::Error(wait ? base::Errc::rate_limited : base::Errc::unavailable,
                       fmt::format("{}: {}", what, std::generic_category().message(errno)))
        .with_code("takeover_failed");
}

// A path in sun_path has 107 octets; a folder's may have more.
struct Place {
    net::Descriptor folder;
    sockaddr_un address{};
};

base::Result<Place> place_in(const std::filesystem::path& folder)
{
    Place place;
    place.folder = net::Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place.folder) {
        auto error = channel_failed("cannot open " + folder.string());
        return base::fail(errno == ENOENT ? std::move(error).with_code("nobody_there") : std::move(error));
    }
    place.address.sun_family = AF_UNIX;
    const auto path = fmt::format("/proc/self/fd/{}/{}", place.folder.get(), socket_name);
    path.copy(place.address.sun_path, sizeof place.address.sun_path - 1);
    return place;
}

}  // namespace

base::Result<> send_message(int socket, const std::string& text, int file)
{
    iovec piece{const_cast<char*>(text.data()), text.size()};  // sendmsg only reads it
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> control{};
    if (file >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof file);
        std::memcpy(CMSG_DATA(header), &file, sizeof file);
    }
    if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        const bool gone = errno == EPIPE || errno == ECONNRESET;
        auto error = channel_failed("cannot talk to the other process");
        return base::fail(gone ? std::move(error).with_code("nobody_there") : std::move(error));
    }
    return {};
}

base::Result<HandoverMessage> receive_message(int socket)
{
    std::array<char, longest_message> text{};
    iovec piece{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (size < 0) {
        return base::fail(channel_failed("the other process says nothing"));
    }
    HandoverMessage received;
    received.text.assign(text.data(), static_cast<std::size_t>(size));
    const auto* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        int file = -1;
        std::memcpy(&file, CMSG_DATA(header), sizeof file);
        received.file = net::Descriptor(file);
    }
    return received;
}

base::Result<net::Descriptor> listen_in(const std::filesystem::path& folder)
{
    TRY(place, place_in(folder));
    // The process before this one may have left it, and listens no longer.
    ::unlinkat(place.folder.get(), std::string(socket_name).c_str(), 0);
    net::Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place.address), sizeof place.address) != 0 ||
        ::listen(socket.get(), 4) != 0) {
        return base::fail(channel_failed("cannot listen in " + folder.string()));
    }
    return socket;
}

base::Result<net::Descriptor> connect_in(const std::filesystem::path& folder)
{
    TRY(place, place_in(folder));
    net::Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) {
        return base::fail(channel_failed("cannot open a socket"));
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&place.address), sizeof place.address) ==
        0) {
        return socket;
    }
    auto error = channel_failed("cannot reach the process that serves " + folder.string());
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
    return base::fail(nobody ? std::move(error).with_code("nobody_there") : std::move(error));
}

bool is_trusted(int socket)
{
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace app
