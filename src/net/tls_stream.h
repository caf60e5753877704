// TlsStream: TLS records over a Socket, for servers and clients.
#pragma once

#include "net/openssl_handles.h"
#include "net/socket.h"
#include "net/tls.h"

#include <string>

namespace net {

// OpenSSL reads straight from the socket; what it writes gathers in an outbox that leaves in few system
// calls, so it never waits for writing: one coroutine may read while another writes, and cancelling either
// loses nothing. Runs on one executor: no locks.
class TlsStream final : public Stream {
public:
    TlsStream(asio::ip::tcp::socket socket, SslHandle ssl);
    ~TlsStream() override;

    // What one step of the handshake asks for.
    enum class Step { done, load_identity };
    // Goes on with the handshake until it is done or waits for an identity.
    base::Task<Step> handshake();
    // Sends a fatal alert in clear, before any ServerHello (RFC 8446 6).
    asio::awaitable<void> refuse(std::uint8_t alert);
    SSL* native() { return ssl_.get(); }
    ConnectionFacts& mutable_facts() { return facts_; }
    Socket& socket() { return socket_; }

    base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) override;
    base::Task<> readable() override;
    using Stream::write_now;
    base::Result<bool> write_now(Pieces pieces) override;
    base::Task<> flush() override;
    void set_deadline(std::chrono::steady_clock::time_point when) override { socket_.set_deadline(when); }
    asio::awaitable<void> shutdown() override;
    void close() override { socket_.close(); }
    bool is_idle() override;
    bool peer_ended() override;
    const ConnectionFacts& facts() const override { return facts_; }
    asio::any_io_executor executor() override { return socket_.executor(); }

private:
    friend struct SocketBio;

    int peek();
    base::Error read_error(int ssl_error) const;
    base::Result<void> encrypt(std::span<const char> data);
    // Sends what the socket takes; true when nothing is left.
    base::Result<bool> send_outbox();
    base::Result<> check_unread();
    base::Task<> answer_then_wait();

    Socket socket_;
    SslHandle ssl_;
    ConnectionFacts facts_;
    std::string outbox_;
    std::size_t sent_ = 0;  // of outbox_
    int flushing_ = 0;      // coroutines that wait to send outbox_
    Attempt last_;          // what the socket said to OpenSSL's latest read
    bool handshaken_ = false;
};

}  // namespace net
