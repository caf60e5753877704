// Listener: accepts TCP connections on one address, IPv4 or IPv6. Runs on one executor: no locks.
#pragma once

#include "base/task.h"
#include "net/descriptor.h"
#include "net/stream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace net {

// "127.0.0.1:80", "[::1]:443", ":80" (all IPv4 addresses), port 0: any free one.
base::Result<Endpoint> parse_endpoint(std::string_view text);
// The same; ":80" gives all IPv4 and all IPv6 addresses, which are two listeners.
base::Result<std::vector<Endpoint>> parse_endpoints(std::string_view text);
// Decimal digits and nothing else; nothing when it is no port.
std::optional<std::uint16_t> parse_port(std::string_view text);
std::string to_string(const Endpoint& endpoint);

class Listener {
public:
    // `shared`: SO_REUSEPORT, so that each core's loop has its own socket on the same address.
    // Errors name the address, whether the port is in use (code port_in_use) or needs a privilege, and the
    // fix.
    static base::Result<Listener> open(asio::any_io_executor executor, const Endpoint& where, bool shared);

    // A socket that listens at `where` already (net::PassedSockets).
    static base::Result<Listener> adopt(asio::any_io_executor executor, const Endpoint& where,
                                        Descriptor file);

    Endpoint where() const;
    // Stays owned here.
    int descriptor() { return acceptor_.native_handle(); }
    // Errors: rate_limited when this process has too many files open or no memory is left (pause, then go
    // on), unavailable after close().
    base::Task<asio::ip::tcp::socket> accept();
    void close();

private:
    explicit Listener(asio::ip::tcp::acceptor acceptor);
    asio::ip::tcp::acceptor acceptor_;
};

}  // namespace net
