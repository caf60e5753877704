#include "net/tls.h"

#include "net/listener.h"
#include "net/stream.h"
#include "net/tls_test_identity.h"
#include "support/run.h"

#include <boost/asio/experimental/parallel_group.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using net::IdentitySource;

// Answers from a map; names in `slow` are loaded after a turn of the loop.
class MapSource final : public IdentitySource {
public:
    Choice choose(const net::ClientHello& hello) override
    {
        last = hello;
        ++choices;
        if (const auto found = ready.find(hello.server_name); found != ready.end()) {
            return Choice{Verdict::ready, found->second};
        }
        return Choice{slow.contains(hello.server_name) ? Verdict::wait : Verdict::refuse, nullptr};
    }
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello hello) override
    {
        ++loads;
        co_await base::sleep_for(load_time);
        co_return slow.at(hello.server_name);
    }

    std::map<std::string, std::shared_ptr<const net::TlsIdentity>> ready;
    std::map<std::string, std::shared_ptr<const net::TlsIdentity>> slow;
    std::chrono::milliseconds load_time{5};
    net::ClientHello last;
    int choices = 0;
    int loads = 0;
};

struct Ends {
    base::Result<std::unique_ptr<net::Stream>> server = base::fail(base::Errc::internal, "not run");
    base::Result<std::unique_ptr<net::Stream>> client = base::fail(base::Errc::internal, "not run");
};

class Tls : public testing::Test {
protected:
    Tls()
    {
        source.ready[""] = test::make_test_identity({"default.example", "127.0.0.1", "::1"}).identity;
        source.ready["a.example"] = test::make_test_identity({"a.example"}).identity;
    }

    base::Task<> accept_one(net::Listener& listener, Ends& ends)
    {
        CO_TRY(socket, co_await listener.accept());
        ends.server = co_await server->accept(std::move(socket), source, accept_limit);
        co_return base::Result<>();
    }
    base::Task<> connect_one(net::Endpoint where, net::TlsClientOptions options, Ends& ends)
    {
        ends.client =
            co_await net::connect_tls(where.address().to_string(), where.port(), std::move(options), 5s);
        co_return base::Result<>();
    }
    asio::awaitable<void> meet(net::TlsClientOptions options, Ends& ends, std::string address)
    {
        const auto executor = co_await asio::this_coro::executor;
        auto listener =
            net::Listener::open(executor, net::Endpoint(asio::ip::make_address(address), 0), false);
        EXPECT_TRUE(listener) << listener.error().message();
        auto accepting = asio::co_spawn(executor, accept_one(*listener, ends), asio::deferred);
        auto connecting = asio::co_spawn(executor, connect_one(listener->where(), std::move(options), ends),
                                         asio::deferred);
        auto both = asio::experimental::make_parallel_group(std::move(accepting), std::move(connecting));
        co_await both.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    }
    Ends meet(net::TlsClientOptions options, std::string address = "127.0.0.1")
    {
        Ends ends;
        test::run(loop, meet(std::move(options), ends, std::move(address)));
        return ends;
    }

    static net::TlsClientOptions trusting_nobody(std::string name)
    {
        net::TlsClientOptions options;
        options.server_name = std::move(name);
        options.verify = false;
        return options;
    }

    asio::io_context loop{1};
    MapSource source;
    std::unique_ptr<net::TlsServer> server = net::TlsServer::create(net::TlsPolicy()).value();
    std::chrono::milliseconds accept_limit{5'000};
};

TEST_F(Tls, ServesTheIdentityOfTheNameOverIpv4AndIpv6)
{
    for (const std::string address : {"127.0.0.1", "::1"}) {
        auto ends = meet(trusting_nobody("A.Example"), address);

        ASSERT_TRUE(ends.server) << ends.server.error().message();
        ASSERT_TRUE(ends.client) << ends.client.error().message();
        EXPECT_EQ((*ends.server)->facts().server_name, "a.example");
        EXPECT_EQ((*ends.server)->facts().identity, "a.example");
        EXPECT_TRUE((*ends.server)->facts().tls);
        EXPECT_TRUE(source.last.ecdsa);
        EXPECT_EQ(source.last.client.address().to_string(), address);
    }
}

TEST_F(Tls, SuspendsTheHandshakeWhileTheIdentityLoads)
{
    source.slow["slow.example"] = test::make_test_identity({"slow.example"}).identity;

    auto ends = meet(trusting_nobody("slow.example"));

    ASSERT_TRUE(ends.server) << ends.server.error().message();
    ASSERT_TRUE(ends.client) << ends.client.error().message();
    EXPECT_EQ((*ends.server)->facts().identity, "slow.example");
    EXPECT_EQ(source.loads, 1);
}

TEST_F(Tls, RefusesAnUnknownNameWithAnAlert)
{
    auto ends = meet(trusting_nobody("unknown.example"));

    ASSERT_FALSE(ends.server);
    EXPECT_EQ(ends.server.error().code(), "unrecognized_name");
    EXPECT_EQ(ends.server.error().message(),
              "the client asked for unknown.example, which is not served here");
    ASSERT_FALSE(ends.client);
    EXPECT_THAT(ends.client.error().message(), testing::HasSubstr("unrecognized name"));
}

TEST_F(Tls, RefusesAfterALoadThatFindsNothing)
{
    source.slow["gone.example"] = nullptr;

    auto ends = meet(trusting_nobody("gone.example"));

    ASSERT_FALSE(ends.server);
    EXPECT_EQ(ends.server.error().code(), "unrecognized_name");
    ASSERT_FALSE(ends.client);
    EXPECT_THAT(ends.client.error().message(), testing::HasSubstr("unrecognized name"));
}

TEST_F(Tls, BoundsALoadByTheLimitOfTheHandshake)
{
    source.slow["slow.example"] = nullptr;
    source.load_time = 60s;
    accept_limit = 50ms;

    auto ends = meet(trusting_nobody("slow.example"));

    ASSERT_FALSE(ends.server);
    EXPECT_EQ(ends.server.error().kind(), base::Errc::timeout);
    EXPECT_FALSE(ends.client);
}

TEST_F(Tls, ServesTheDefaultToAClientWithoutServerName)
{
    auto ends = meet(trusting_nobody("127.0.0.1"));

    ASSERT_TRUE(ends.server) << ends.server.error().message();
    EXPECT_EQ((*ends.server)->facts().server_name, "");
    EXPECT_EQ((*ends.server)->facts().identity, "default.example");
}

TEST_F(Tls, NegotiatesTheProtocolInTheServersOrder)
{
    net::TlsPolicy policy;
    policy.alpn = {"h2", "http/1.1"};
    server = net::TlsServer::create(std::move(policy)).value();
    auto options = trusting_nobody("a.example");
    options.alpn = {"http/1.1", "h2"};

    auto ends = meet(std::move(options));

    ASSERT_TRUE(ends.server) << ends.server.error().message();
    ASSERT_TRUE(ends.client) << ends.client.error().message();
    EXPECT_EQ((*ends.server)->facts().alpn, "h2");
    EXPECT_EQ((*ends.client)->facts().alpn, "h2");
    EXPECT_EQ(source.last.alpn, (std::vector<std::string>{"http/1.1", "h2"}));
}

TEST_F(Tls, RefusesAClientWithoutACommonProtocol)
{
    auto options = trusting_nobody("a.example");
    options.alpn = {"smtp"};

    auto ends = meet(std::move(options));

    ASSERT_FALSE(ends.server);
    EXPECT_EQ(ends.server.error().code(), "tls_alpn");
}

TEST_F(Tls, AnswersAValidatingCaInItsOwnProtocolWhereThePolicySaysSo)
{
    auto ca = trusting_nobody("a.example");
    ca.alpn = {"acme-tls/1"};
    EXPECT_FALSE(meet(ca).server) << "not in this policy";
    net::TlsPolicy policy;
    policy.acme = true;
    server = net::TlsServer::create(std::move(policy)).value();
    auto ends = meet(ca);
    ASSERT_TRUE(ends.server) << ends.server.error().message();
    ASSERT_TRUE(ends.client) << ends.client.error().message();
    EXPECT_EQ((*ends.server)->facts().alpn, "acme-tls/1");
    EXPECT_TRUE(source.last.acme);

    // Only a CA that offers it alone means it (RFC 8737 3).
    ca.alpn = {"acme-tls/1", "http/1.1"};
    auto visitor = meet(ca);
    ASSERT_TRUE(visitor.server) << visitor.server.error().message();
    EXPECT_EQ((*visitor.server)->facts().alpn, "http/1.1");
    EXPECT_FALSE(source.last.acme);

    ca.server_name = "unknown.example";
    ca.alpn = {"acme-tls/1"};
    EXPECT_EQ(meet(ca).server.error().code(), "no_challenge");
}

TEST_F(Tls, VerifiesTheServersNameAndChain)
{
    const auto made = test::make_test_identity({"v.example", "127.0.0.1"});
    source.ready["v.example"] = made.identity;
    net::TlsClientOptions options;
    options.server_name = "v.example";
    options.trust_file = made.trust_file();
    auto wrong = options;
    wrong.server_name = "a.example";

    auto good = meet(options);
    auto bad = meet(wrong);

    EXPECT_TRUE(good.client) << good.client.error().message();
    ASSERT_FALSE(bad.client);
    EXPECT_EQ(bad.client.error().code(), "certificate_invalid");
    EXPECT_EQ(bad.server.error().code(), "peer_alert") << bad.server.error().message();
}

base::Task<std::string> read_exactly(net::Stream& stream, std::size_t size)
{
    std::string got(size, '\0');
    for (std::size_t at = 0; at < size;) {
        CO_TRY(count, co_await stream.read_some(std::span(got).subspan(at)));
        if (count == 0) {
            got.resize(at);
            break;
        }
        at += count;
    }
    co_return std::move(got);
}

std::string pattern(std::size_t size)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<char>((i * 7 + i / 251) & 0xFF);
    }
    return out;
}

asio::awaitable<void> exchange(net::Stream& a, net::Stream& b, std::string data,
                               std::array<std::string, 2>& received)
{
    const auto executor = co_await asio::this_coro::executor;
    std::vector<std::span<const char>> pieces{std::span(data).first(10), std::span(data).subspan(10)};
    auto write_a = asio::co_spawn(executor, a.write(std::span<const char>(data)), asio::deferred);
    auto write_b = asio::co_spawn(executor, b.write(std::move(pieces)), asio::deferred);
    auto read_a = asio::co_spawn(executor, read_exactly(a, data.size()), asio::deferred);
    auto read_b = asio::co_spawn(executor, read_exactly(b, data.size()), asio::deferred);
    auto all = asio::experimental::make_parallel_group(std::move(write_a), std::move(write_b),
                                                       std::move(read_a), std::move(read_b));
    auto done = co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    auto& from_b = std::get<6>(done);
    auto& from_a = std::get<8>(done);
    EXPECT_TRUE(from_a && from_b);
    received = {*from_a, *from_b};
}

TEST_F(Tls, CarriesMuchMoreThanTheSocketsBuffersBothWaysAtOnce)
{
    auto ends = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(ends.server && ends.client);
    const auto data = pattern(16 * 1024 * 1024 + 5);
    std::array<std::string, 2> received;

    test::run(loop, exchange(**ends.server, **ends.client, data, received));

    EXPECT_TRUE(received[0] == data);
    EXPECT_TRUE(received[1] == data);
}

// A peer that reads nothing until it has sent everything.
asio::awaitable<void> send_then_read(net::Stream& stream, std::string data, std::string& received)
{
    EXPECT_TRUE(co_await stream.write(std::span<const char>(data)));
    auto all = co_await read_exactly(stream, data.size());
    EXPECT_TRUE(all);
    received = std::move(*all);
}

asio::awaitable<std::string> both_ways(net::Stream& server, net::Stream& client, std::string data,
                                       std::string& at_client)
{
    const auto executor = co_await asio::this_coro::executor;
    auto peer = asio::co_spawn(executor, send_then_read(client, data, at_client), asio::deferred);
    auto write = asio::co_spawn(executor, server.write(std::span<const char>(data)), asio::deferred);
    auto read = asio::co_spawn(executor, read_exactly(server, data.size()), asio::deferred);
    auto all = asio::experimental::make_parallel_group(std::move(peer), std::move(write), std::move(read));
    auto done = co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    auto& at_server = std::get<5>(done);
    EXPECT_TRUE(at_server);
    co_return std::move(*at_server);
}

TEST_F(Tls, ReadsWhileItsOwnWriteWaitsForThePeer)
{
    auto ends = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(ends.server && ends.client);
    const auto data = pattern(16 * 1024 * 1024 + 5);
    std::string at_client;

    const auto at_server = test::run(loop, both_ways(**ends.server, **ends.client, data, at_client));

    EXPECT_TRUE(at_server == data);
    EXPECT_TRUE(at_client == data);
}

// Answers before it has read what the client goes on to send, and ends.
asio::awaitable<void> answer_and_end(net::Stream& server, std::string text)
{
    EXPECT_TRUE(co_await server.write(std::span<const char>(text)));
    co_await server.shutdown();
}

TEST_F(Tls, AnAnswerThatEndsAnUnfinishedUploadArrives)
{
    auto ends = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(ends.server && ends.client);
    const auto upload = pattern(32 * 1024 * 1024);
    std::string answer;
    asio::co_spawn(loop, answer_and_end(**ends.server, "too large"), [](std::exception_ptr) {});

    const auto sent = test::run(loop, (*ends.client)->write(std::span<const char>(upload)));
    const auto read = test::run(loop, read_exactly(**ends.client, 9));

    EXPECT_TRUE(sent) << sent.error().message();
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, "too large");
}

TEST_F(Tls, TellsAnOrderlyEndFromACut)
{
    std::array<char, 16> buffer{};
    auto orderly = meet(trusting_nobody("a.example"));
    auto cut = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(orderly.server && cut.server);

    asio::co_spawn(loop, (*orderly.client)->shutdown(), [](std::exception_ptr) {});
    auto end = test::run(loop, (*orderly.server)->read_some(buffer));
    (*orderly.server)->close();
    (*cut.client)->close();
    auto broken = test::run(loop, (*cut.server)->read_some(buffer));

    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(*end, 0U);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code(), "peer_gone");
}

TEST_F(Tls, EndsAWaitingReadAtTheDeadlineAndGoesOnAfterwards)
{
    auto ends = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(ends.server && ends.client);
    std::array<char, 16> buffer{};

    (*ends.server)->set_deadline(std::chrono::steady_clock::now() + 20ms);
    auto late = test::run(loop, (*ends.server)->read_some(buffer));
    (*ends.server)->set_deadline(std::chrono::steady_clock::time_point::max());
    const std::string text = "hello";
    auto wrote = test::run(loop, (*ends.client)->write(std::span(text)));
    auto read = test::run(loop, (*ends.server)->read_some(buffer));

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), base::Errc::timeout);
    ASSERT_TRUE(wrote && read);
    EXPECT_EQ(std::string(buffer.data(), *read), "hello");
}

TEST_F(Tls, AnIdleConnectionIsIdleUntilDataOrTheEndArrives)
{
    auto ends = meet(trusting_nobody("a.example"));
    ASSERT_TRUE(ends.server && ends.client);
    auto& client = **ends.client;
    const std::string text = "x";

    const bool before = client.is_idle();
    ASSERT_TRUE(test::run(loop, (*ends.server)->write(std::span(text))));
    const bool with_data = client.is_idle();
    std::array<char, 4> buffer{};
    ASSERT_TRUE(test::run(loop, client.read_some(buffer)));
    const bool after = client.is_idle();
    (*ends.server)->close();
    const bool closed = client.is_idle();

    EXPECT_TRUE(before);
    EXPECT_FALSE(with_data);
    EXPECT_TRUE(after);
    EXPECT_FALSE(closed);
}

// A client that sends `text` instead of a ClientHello, then waits for the end.
asio::awaitable<void> talk_plainly(net::Endpoint where, std::string text)
{
    auto stream = co_await net::connect(where.address().to_string(), where.port(), 5s);
    EXPECT_TRUE(stream);
    static_cast<void>(co_await (*stream)->write(std::span<const char>(text)));
    std::array<char, 64> buffer{};
    static_cast<void>(co_await (*stream)->read_some(buffer));
}

class TlsAgainst : public Tls {
protected:
    base::Error accept_from(std::string text)
    {
        Ends ends;
        auto listener = net::Listener::open(loop.get_executor(),
                                            net::Endpoint(asio::ip::address_v4::loopback(), 0), false);
        EXPECT_TRUE(listener);
        asio::co_spawn(loop, talk_plainly(listener->where(), std::move(text)), [](std::exception_ptr) {});
        EXPECT_TRUE(test::run(loop, accept_one(*listener, ends)));
        return ends.server ? base::Error(base::Errc::internal, "accepted") : ends.server.error();
    }
};

TEST_F(TlsAgainst, SaysThatTheClientSentPlainHttp)
{
    EXPECT_EQ(accept_from("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").code(), "plain_http");
}

TEST_F(TlsAgainst, SaysThatTheClientSentNoTls)
{
    EXPECT_EQ(accept_from("SSH-2.0-OpenSSH_9.2\r\n").code(), "not_tls");
}

TEST_F(TlsAgainst, EndsTheHandshakeOfASilentClientInTime)
{
    accept_limit = 30ms;

    EXPECT_EQ(accept_from("").code(), "handshake_timeout");
}

TEST_F(TlsAgainst, CancellationUnwindsAWaitingHandshake)
{
    Ends ends;
    auto listener =
        net::Listener::open(loop.get_executor(), net::Endpoint(asio::ip::address_v4::loopback(), 0), false);
    ASSERT_TRUE(listener);
    asio::co_spawn(loop, talk_plainly(listener->where(), ""), [](std::exception_ptr) {});

    auto outcome = test::run(loop, base::with_timeout(30ms, accept_one(*listener, ends)));

    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), base::Errc::timeout);
}

TEST_F(Tls, SharesTicketsBetweenServersWithTheSameKeys)
{
    net::TlsPolicy policy;
    policy.ticket_keys.resize(79);

    EXPECT_FALSE(net::TlsServer::create(policy));
    policy.ticket_keys.resize(80);
    EXPECT_TRUE(net::TlsServer::create(policy));
}

TEST(TlsIdentity, RefusesAKeyOfAnotherCertificate)
{
    const auto one = test::make_test_identity({"one.example"});
    const auto other = test::make_test_identity({"other.example"});

    auto mixed = net::make_identity("mixed", one.leaf, {}, other.key);

    ASSERT_FALSE(mixed);
    EXPECT_EQ(mixed.error().code(), "key_mismatch");
}

}  // namespace
