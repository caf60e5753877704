// A TLS peer that makes us answer and does not read the answers.
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tls_test_identity.h"
#include "support/run.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::OneIdentity;

// Asks for a key update with every octet, which the server must answer, and reads nothing (OpenSSL's own
// client, on a thread of its own); returns when the server has had enough.
void ask_for_keys(std::uint16_t port)
{
    const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
    const int little = 4096;  // what it does not read fills its buffer soon
    ::setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    const net::Endpoint where(asio::ip::address_v4::loopback(), port);
    EXPECT_EQ(::connect(handle, where.data(), static_cast<socklen_t>(where.size())), 0);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, handle);
    EXPECT_EQ(SSL_connect(ssl), 1);
    const auto deadline = std::chrono::steady_clock::now() + 50s;
    while (std::chrono::steady_clock::now() < deadline) {
        const bool asked = SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1;
        if (!asked || SSL_write(ssl, "x", 1) != 1) {
            break;
        }
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    ::close(handle);
}

// Fills what the client does not read, so that the answers pile up behind it.
asio::awaitable<void> write_much(std::shared_ptr<net::Stream> stream)
{
    const std::string piece(64 * 1024, 'x');
    for (base::Result<> written; written;) {
        written = co_await stream->write(std::span<const char>(piece));
    }
}

base::Task<> read_all(net::Stream& stream)
{
    std::array<char, 1024> buffer{};
    for (;;) {
        CO_TRY(count, co_await stream.read_some(buffer));
        if (count == 0) {
            co_return base::Result<>();
        }
    }
}

TEST(TlsUnread, APeerThatAsksForKeysAndReadsNothingIsCutOff)
{
    std::signal(SIGPIPE, SIG_IGN);
    asio::io_context loop(1);
    OneIdentity source(test::make_test_identity({"a.example"}).identity);
    const auto tls = net::TlsServer::create(net::TlsPolicy()).value();
    auto listener =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    std::thread client([port = listener.where().port()] { ask_for_keys(port); });
    auto socket = test::run(loop, listener.accept());
    ASSERT_TRUE(socket);
    auto accepted = test::run(loop, tls->accept(std::move(*socket), source, 15s));
    ASSERT_TRUE(accepted);
    const std::shared_ptr<net::Stream> server = std::move(*accepted);
    bool writer_ended = false;
    asio::co_spawn(loop, write_much(server), [&](const std::exception_ptr&) { writer_ended = true; });

    const auto read = test::run(loop, read_all(*server), 60s);
    server->close();
    client.join();
    while (!writer_ended && loop.run_one_for(10s) > 0) {}

    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().code() == "peer_not_reading" || read.error().code().empty())
        << read.error().message();
    EXPECT_TRUE(writer_ended);
}

}  // namespace
