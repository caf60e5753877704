// Stream: a connected byte stream, plain or TLS, as http/ and others use it. Runs on one executor: no locks.
#pragma once

#include "base/task.h"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace net {

namespace asio = boost::asio;
using Endpoint = asio::ip::tcp::endpoint;

// What both ends agreed on and who they are.
struct ConnectionFacts {
    Endpoint client;  // after the PROXY protocol, when that is used
    Endpoint local;
    bool tls = false;
    std::string server_name;  // SNI, lower case; empty when absent
    std::string alpn;         // negotiated; empty when none
    std::string identity;     // name of the TlsIdentity that was served
    std::string client_name;  // first DNS name of the client's verified certificate; empty: it has shown none
};

// Most of what a proxy reads is there already and most of what it writes fits, so both can be done without a
// coroutine: read_now() and write_now() first, then, where they leave something to wait for, readable() and
// flush(). One coroutine may read while another writes.
class Stream {
public:
    using Pieces = std::span<const std::span<const char>>;
    // What write_now() takes.
    static constexpr std::size_t most_at_once = 64 * 1024;
    static constexpr std::size_t most_pieces = 8;

    virtual ~Stream() = default;

    // At least one byte, 0 at the orderly end of the stream, or nothing: see readable().
    virtual base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) = 0;
    // After read_now() had nothing: waits until it may have.
    virtual base::Task<> readable() = 0;
    // At least one byte, or 0 at the orderly end of the stream.
    base::Task<std::size_t> read_some(std::span<char> buffer);

    // Sends what can be sent without waiting, in one system call, and keeps the rest: true when nothing is
    // kept. REQUIRES: most_at_once octets in most_pieces pieces at most, and flush() after the last `false`.
    virtual base::Result<bool> write_now(Pieces pieces) = 0;
    base::Result<bool> write_now(std::span<const char> data) { return write_now(Pieces(&data, 1)); }
    // Sends what is kept.
    virtual base::Task<> flush() = 0;
    // All of `data`, which must stay valid until this returns.
    base::Task<> write(std::span<const char> data);
    // Several pieces with as few system calls as possible.
    base::Task<> write(std::vector<std::span<const char>> pieces);
    // Reads and writes that are still waiting then end with Errc::timeout. Costs next to nothing to move; one
    // for both directions, so traffic either way may push it on. max() (the default): none.
    virtual void set_deadline(std::chrono::steady_clock::time_point when) = 0;
    // Orderly end of our side (TLS close_notify), bounded to two seconds; then close().
    virtual asio::awaitable<void> shutdown() = 0;
    // At once; pending operations end with an error.
    virtual void close() = 0;
    // True while nothing can be read and the peer has not closed: an idle upstream connection may be used
    // again.
    virtual bool is_idle() = 0;
    // True when the peer has ended its side or is gone, and nothing that it sent is left to read.
    virtual bool peer_ended() = 0;

    virtual const ConnectionFacts& facts() const = 0;
    virtual asio::any_io_executor executor() = 0;
};

// Says whether we may connect to an address; asked after name resolution, for each address (no way around by
// DNS). Empty: every address.
using AddressPolicy = std::function<bool(const asio::ip::address&)>;

// Connects over TCP (no delay) to the first address that answers. `limit` bounds name resolution and
// connecting together. `host` is a name or an address. Errors: unavailable (code connect_refused |
// name_not_found | connect_failed), unauthorized (code address_forbidden) when the policy allows none of the
// addresses, timeout.
base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit);
base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit, AddressPolicy allowed);

// An accepted socket as a plain stream.
std::unique_ptr<Stream> make_stream(asio::ip::tcp::socket socket);

}  // namespace net
