// One identity and the shared tables behind it, used by several loops at once: for ThreadSanitizer above all.
#include "base/task_group.h"
#include "net/listener.h"
#include "net/tls.h"
#include "net/tls_test_identity.h"
#include "support/run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::OneIdentity;

asio::awaitable<void> accept_all(net::Listener& listener, net::TlsServer& server, net::IdentitySource& source)
{
    for (;;) {
        auto socket = co_await listener.accept();
        if (!socket) {
            co_return;
        }
        auto stream = co_await server.accept(std::move(*socket), source, 5s);
        if (stream) {
            co_await (*stream)->shutdown();
        }
    }
}

base::Task<int> shake_hands(std::uint16_t port, net::TlsClientOptions options)
{
    int good = 0;
    for (int i = 0; i < 10; ++i) {
        CO_TRY(stream, co_await net::connect_tls("127.0.0.1", port, options, 5s));
        std::array<char, 16> buffer{};
        CO_TRY(count, co_await stream->read_some(buffer));
        good += count == 0 ? 1 : 0;
    }
    co_return good;
}

int serve_on_a_loop(const test::TestIdentity& made)
{
    asio::io_context loop(1);
    auto server = net::TlsServer::create(net::TlsPolicy()).value();
    auto listener =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    OneIdentity source(net::make_identity("own", made.leaf, {made.leaf}, made.key).value());
    OneIdentity shared(made.identity);
    net::TlsClientOptions options;
    options.server_name = "localhost";
    options.trust_file = made.trust_file();
    base::TaskGroup tasks(loop.get_executor());
    tasks.spawn("accept", accept_all(listener, *server, shared));
    const auto good = test::run(loop, shake_hands(listener.where().port(), std::move(options)));
    test::run(loop, tasks.stop());
    return good.value_or(0);
}

TEST(TlsThreads, SeveralLoopsServeOneIdentity)
{
    const auto made = test::make_test_identity({"localhost"});
    std::atomic<int> good = 0;

    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] { good += serve_on_a_loop(made); });
    }
    for (auto& thread : threads) {
        thread.join();
    }

    EXPECT_EQ(good, 30);
}

}  // namespace
