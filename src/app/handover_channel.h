// The conversation in which one process hands its sockets, then its data folder, to the next. Internal to
// app/.
//
// Over a Unix socket (SOCK_SEQPACKET) in the data folder, one message for each line:
//
//   next: sockets            before: socket <use> <systemd|opened>  (with the descriptor, SCM_RIGHTS) ...,
//   end next: let go             before: gone                           (nothing is written to the folder any
//   more) next: ready              before: drains and ends
//
// A conversation that ends early changes nothing: the process before takes its folder back and goes on.
#pragma once

#include "base/result.h"
#include "net/descriptor.h"

#include <filesystem>
#include <string>

namespace app {

struct HandoverMessage {
    std::string text;  // empty: the other side has ended
    net::Descriptor file;
};

// Non-blocking sockets give Errc::rate_limited where they would wait.
base::Result<> send_message(int socket, const std::string& text, int file = -1);
base::Result<HandoverMessage> receive_message(int socket);

// The socket of a data folder, however long the folder's path is.
base::Result<net::Descriptor> listen_in(const std::filesystem::path& folder);
// Code nobody_there when no process listens.
base::Result<net::Descriptor> connect_in(const std::filesystem::path& folder);
// The other side runs as this user, or as root.
bool is_trusted(int socket);

}  // namespace app
