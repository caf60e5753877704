// PassedSockets: listening sockets that live longer than a process, so that a restart loses no connection:
// from systemd (socket activation), from the process before this one, and for the one after it.
//
// A connection waits in the queue of one socket. Whoever opens the same address anew (SO_REUSEPORT) has a
// queue of its own, and what waits in the old one is lost when it is closed; so the sockets themselves are
// passed on.
#pragma once

#include "base/result.h"
#include "net/descriptor.h"
#include "net/stream.h"

#include <string>
#include <string_view>
#include <vector>

namespace net {

enum class Transport { tcp, udp };

// Belongs to the control loop: no locks. What it holds stays open, whoever closes a copy.
class PassedSockets {
public:
    struct Socket {
        std::string use;  // "http", "https", "api", "feed", "responder", "dns"
        Endpoint where;
        Transport transport = Transport::tcp;
        bool from_systemd = false;
        bool used = false;
        Descriptor file;
    };

    // What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3)) tell, which are then removed from the
    // environment. Errors: a name that is no use of ours, a descriptor that is no listening socket.
    static base::Result<PassedSockets> from_systemd();

    // Nothing happens when this very socket is here already. Errors: not a socket of the Internet.
    base::Result<> add(std::string_view use, Descriptor file, bool from_systemd);

    // Where to listen: systemd has been told for a use, or else what is configured.
    std::vector<Endpoint> places(std::string_view use, std::vector<Endpoint> configured) const;
    // Copies of those that are there for a place; none: open one.
    std::vector<Descriptor> take(std::string_view use, const Endpoint& where,
                                 Transport transport = Transport::tcp);
    // Remembers one that was opened here. The caller goes on owning `file`.
    void keep(std::string_view use, int file);
    // Closes those that nobody has taken: their addresses are not wanted any more.
    void drop_unused();
    // Ends listening, once the copies are closed too.
    void clear() { sockets_.clear(); }

    const std::vector<Socket>& all() const { return sockets_; }

private:
    std::vector<Socket> sockets_;
};

}  // namespace net
