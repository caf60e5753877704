// Socket: a non-blocking TCP socket with one deadline, the base of both kinds of stream.
#pragma once

#include "base/task.h"
#include "net/stream.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct iovec;

namespace net {

// What one non-blocking attempt came to.
struct Attempt {
    enum class Outcome { done, again, failed };
    Outcome outcome = Outcome::failed;
    std::size_t bytes = 0;  // when done; 0 from receive() is the peer's end
    int error = 0;          // errno when failed
};

// Runs on one executor: no locks. Waiting arms one timer lazily: moving the deadline forward costs nothing
// until it fires.
class Socket {
public:
    explicit Socket(asio::ip::tcp::socket socket);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    // A short read empties the kernel's buffer, so the next call says `again` without a system call until it
    // was waited for.
    Attempt receive(std::span<char> buffer);
    // Makes the next receive() ask the kernel again.
    void expect_data() { drained_ = false; }
    // receive() would say `again` without asking.
    bool drained() const { return drained_; }
    Attempt send(std::span<const char> data);
    Attempt send(const iovec* pieces, std::size_t count);

    base::Task<> wait_readable() { return wait(asio::ip::tcp::socket::wait_read); }
    base::Task<> wait_writable() { return wait(asio::ip::tcp::socket::wait_write); }
    // Connects a socket that is not connected yet, within the deadline.
    base::Task<> connect(Endpoint where);

    void set_deadline(std::chrono::steady_clock::time_point when);
    std::chrono::steady_clock::time_point deadline() const { return deadline_; }

    // Tells the peer that nothing more comes.
    void end_sending();
    // Reads and drops until the peer ends too, so that closing does not reset what is still on its way to it.
    // Up to 64 MiB, and the deadline.
    asio::awaitable<void> drain();
    void close();
    // Gives the socket itself away.
    asio::ip::tcp::socket release();
    // True when the peer has sent nothing and not closed.
    bool quiet();
    // True when the peer has ended or the connection is broken, and nothing is left to read.
    bool peer_ended();
    Endpoint local() const;
    Endpoint remote() const;
    asio::any_io_executor executor() { return socket_.get_executor(); }

private:
    struct Alarm;

    base::Task<> wait(asio::ip::tcp::socket::wait_type what);
    void arm();
    void alarm_rang();

    asio::ip::tcp::socket socket_;
    std::shared_ptr<Alarm> alarm_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    bool expired_ = false;
    bool drained_ = false;
};

// The failure of a system call on a connection, as a sentence about the peer.
base::Error peer_error(int error);

class AddressMemory;

// A connected socket to the first address of `host` that `allowed` allows and that answers. `memory`: null,
// or what knows in which order to try.
base::Task<asio::ip::tcp::socket> connect_socket(std::string host, std::uint16_t port,
                                                 std::chrono::milliseconds limit, AddressPolicy allowed,
                                                 AddressMemory* memory = nullptr);

}  // namespace net
