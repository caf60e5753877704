#include "nameserver/server.h"

#include "dns/ask.h"
#include "nameserver/sample_zone.h"
#include "support/run.h"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace nameserver {
namespace {

namespace asio = boost::asio;
using dns::Rcode;
using dns::RecordType;
using dns::Transport;

class Served : public testing::Test {
protected:
    Served()
    {
        options_.listen = {Endpoint(asio::ip::address_v4::loopback(), 0),
                           Endpoint(asio::ip::address_v6::loopback(), 0)};
        options_.threads = 2;
        options_.rate_limit.per_second = 0;
    }

    void start()
    {
        server_ = Server::start(options_, clock_).value();
        auto changes = sample::platform();
        changes.push_back(
            sample::txt("live.acme.platform.test", {"value"}, clock_.now() + std::chrono::hours(1)));
        apply(std::move(changes), 42, true);
    }
    void apply(std::vector<feed::Change> changes, std::int64_t number, bool snapshot = false)
    {
        auto batch = std::make_shared<const feed::Batch>(sample::batch(std::move(changes), number, snapshot));
        ASSERT_TRUE(test::run(loop_, server_->sink().apply(std::move(batch))));
    }
    base::Result<dns::Message> ask(std::string_view name, RecordType type,
                                   Transport transport = Transport::udp, std::size_t where = 0)
    {
        dns::Query query;
        query.name = dns::Name::parse(name).value();
        query.type = type;
        query.transport = transport;
        query.mixed_case = true;
        return test::run(loop_, dns::ask(server_->where()[where], query));
    }
    static base::Bytes framed(std::string_view name, std::uint16_t id)
    {
        dns::Message message;
        message.id = id;
        message.questions.push_back({dns::Name::parse(name).value(), RecordType::a, dns::class_in});
        auto wire = message.serialize().value();
        const auto size = static_cast<std::uint8_t>(wire.size());
        wire.insert(wire.begin(), {0, size});
        return wire;
    }
    // The next reply's message; nothing at the end of the stream.
    static std::optional<dns::Message> read_reply(asio::ip::tcp::socket& socket)
    {
        std::uint8_t head[2];
        boost::system::error_code code;
        asio::read(socket, asio::buffer(head), code);
        if (code) {
            return std::nullopt;
        }
        base::Bytes wire(static_cast<std::size_t>(head[0] << 8 | head[1]));
        asio::read(socket, asio::buffer(wire), code);
        return code ? std::nullopt : std::optional(dns::Message::parse(wire).value());
    }

    asio::io_context loop_{1};
    base::SystemClock clock_;
    Options options_;
    std::unique_ptr<Server> server_;
};

TEST_F(Served, AnswersOverUdpAndTcpOnBothFamilies)
{
    start();
    for (const std::size_t where : {0U, 1U}) {
        for (const Transport transport : {Transport::udp, Transport::tcp}) {
            const auto reply = ask("k7q.platform.test", RecordType::a, transport, where);
            ASSERT_TRUE(reply) << reply.error().message();
            EXPECT_EQ(reply->answers_of(RecordType::a),
                      (std::vector<std::string>{"192.0.2.10", "192.0.2.11"}));
            EXPECT_TRUE(reply->authoritative);
        }
    }
    const auto counters = server_->counters();
    EXPECT_EQ(counters.udp_queries, 2U);
    EXPECT_EQ(counters.tcp_queries, 2U);
    EXPECT_EQ(counters.answered, 4U);
}

TEST_F(Served, AnswersOnEveryLoopWithTheNewDataWhenApplyReturns)
{
    start();
    EXPECT_EQ(server_->sink().position(), (model::Position{"epoch", 42}));
    for (int i = 0; i < 50; ++i) {
        const auto value = std::to_string(i);
        apply({sample::txt("live.acme.platform.test", {value}, clock_.now() + std::chrono::hours(1))},
              43 + i);
        const auto reply = ask("live.acme.platform.test", RecordType::txt,
                               i % 2 == 0 ? Transport::udp : Transport::tcp, i % 4 < 2 ? 0 : 1);
        ASSERT_TRUE(reply);
        ASSERT_EQ(reply->answers_of(RecordType::txt), std::vector<std::string>{value});
    }
}

TEST_F(Served, RepliesFromTheAddressThatWasAskedWhenItListensOnAll)
{
    options_.listen = {Endpoint(asio::ip::address_v4::any(), 0), Endpoint(asio::ip::address_v6::any(), 0)};
    start();
    for (const std::string_view address : {"127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"}) {
        const auto to = asio::ip::make_address(address);
        dns::Query query;
        query.name = dns::Name::parse("k7q.platform.test").value();
        const Endpoint server(to, server_->where()[to.is_v4() ? 0 : 1].port());
        const auto reply = test::run(loop_, dns::ask(server, query));
        EXPECT_TRUE(reply) << address << " " << (reply ? "" : reply.error().message());
    }
}

TEST_F(Served, AnswersPipelinedQuestionsThatComeInPieces)
{
    start();
    base::Bytes stream;
    for (std::uint16_t id = 1; id <= 300; ++id) {
        const auto frame = framed(id % 3 == 0 ? "nobody.platform.test" : "k7q.platform.test", id);
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    asio::ip::tcp::socket socket(loop_);
    socket.connect(server_->where()[0]);
    socket.set_option(asio::ip::tcp::no_delay(true));
    for (std::size_t at = 0, size = 1; at < stream.size(); at += size, size = size % 97 + 1) {
        asio::write(socket, asio::buffer(stream.data() + at, std::min(size, stream.size() - at)));
    }
    for (std::uint16_t id = 1; id <= 300; ++id) {
        const auto reply = read_reply(socket);
        ASSERT_TRUE(reply) << id;
        EXPECT_EQ(reply->id, id);
        EXPECT_EQ(reply->rcode, id % 3 == 0 ? Rcode::nxdomain : Rcode::noerror);
    }
    socket.shutdown(asio::ip::tcp::socket::shutdown_send);
    EXPECT_FALSE(read_reply(socket));
}

TEST_F(Served, TakesAQuestionOfTheLargestSizeOverTcp)
{
    start();
    dns::Message message;
    message.questions.push_back(
        {dns::Name::parse("k7q.platform.test").value(), RecordType::a, dns::class_in});
    message.edns.emplace();
    const std::size_t rest = 65'535 - message.serialize()->size() - 4;
    message.edns->options.push_back({static_cast<dns::OptionCode>(65'001), base::Bytes(rest)});
    auto wire = message.serialize().value();
    ASSERT_EQ(wire.size(), 65'535U);
    wire.insert(wire.begin(), {0xff, 0xff});
    asio::ip::tcp::socket socket(loop_);
    socket.connect(server_->where()[0]);
    asio::write(socket, asio::buffer(wire));
    const auto reply = read_reply(socket);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->answers.size(), 2U);
}

TEST_F(Served, ClosesIdleConnections)
{
    options_.tcp_idle = std::chrono::milliseconds(50);
    start();
    asio::ip::tcp::socket socket(loop_);
    socket.connect(server_->where()[0]);
    asio::write(socket, asio::buffer(framed("k7q.platform.test", 1)));
    EXPECT_TRUE(read_reply(socket));
    EXPECT_FALSE(read_reply(socket));
}

TEST_F(Served, MakesRoomForANewConnectionByClosingTheIdlestOne)
{
    options_.threads = 1;
    options_.tcp_connections = 3;
    start();
    std::vector<asio::ip::tcp::socket> sockets;
    for (std::uint16_t i = 0; i < 4; ++i) {
        sockets.emplace_back(loop_);
        sockets.back().connect(server_->where()[0]);
        asio::write(sockets.back(), asio::buffer(framed("k7q.platform.test", i)));
        EXPECT_TRUE(read_reply(sockets.back())) << i;
    }
    EXPECT_FALSE(read_reply(sockets[0]));
    asio::write(sockets[1], asio::buffer(framed("k7q.platform.test", 9)));
    EXPECT_TRUE(read_reply(sockets[1]));
}

TEST_F(Served, SendsAClientOverItsLimitToTcp)
{
    options_.rate_limit = {.per_second = 1, .burst = 5};
    start();
    int truncated = 0;
    for (int i = 0; i < 20; ++i) {
        const auto reply = ask("k7q.platform.test", RecordType::a);
        ASSERT_TRUE(reply);
        truncated += reply->truncated && reply->answers.empty() ? 1 : 0;
    }
    EXPECT_GE(truncated, 10);
    EXPECT_EQ(server_->counters().rate_limited, static_cast<std::uint64_t>(truncated));
    EXPECT_EQ(ask("k7q.platform.test", RecordType::a, Transport::tcp)->answers.size(), 2U);
}

TEST_F(Served, ExplainsAPortThatIsTaken)
{
    asio::ip::udp::socket other(loop_, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    options_.listen = {Endpoint(asio::ip::address_v4::loopback(), other.local_endpoint().port())};
    const auto failed = Server::start(options_, clock_);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), "port_in_use");
    EXPECT_NE(failed.error().fix().find("--dns-listen"), std::string::npos);
}

TEST_F(Served, DoesNotShareItsPortWithAnotherCopyOfTheProgram)
{
    start();
    options_.listen = server_->where();
    const auto second = Server::start(options_, clock_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "port_in_use");
}

TEST_F(Served, StopsWithConnectionsOpenAndFreesItsPorts)
{
    start();
    asio::ip::tcp::socket socket(loop_);
    socket.connect(server_->where()[0]);
    asio::write(socket, asio::buffer(framed("k7q.platform.test", 1)));
    EXPECT_TRUE(read_reply(socket));
    const auto where = server_->where();

    server_->stop();
    server_->stop();
    EXPECT_FALSE(read_reply(socket));
    apply({sample::alias("after.platform.test")}, 50);

    options_.listen = where;
    EXPECT_TRUE(Server::start(options_, clock_));
}

}  // namespace
}  // namespace nameserver
