#include "dns/ask.h"

#include "base/task_group.h"
#include "support/run.h"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>

namespace dns {
namespace {

namespace asio = boost::asio;

using Reply = std::function<std::vector<Message>(const Message&)>;

// Replies to one question with what `reply` makes of it.
asio::awaitable<void> serve_once(asio::ip::udp::socket& socket, Reply reply)
{
    base::Bytes buffer(2'000);
    asio::ip::udp::endpoint from;
    const auto size = co_await socket.async_receive_from(asio::buffer(buffer), from, asio::use_awaitable);
    const auto question = Message::parse(base::ByteView(buffer).first(size)).value();
    for (const auto& message : reply(question)) {
        const auto wire = message.serialize().value();
        co_await socket.async_send_to(asio::buffer(wire), from, asio::use_awaitable);
    }
}

class Ask : public testing::Test {
protected:
    Ask() : socket_(loop_, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

    base::Result<Message> ask_and_reply(Reply reply, bool mixed_case = false)
    {
        Query query;
        query.name = Name::parse("a-name-with-many-letters.example").value();
        query.limit = std::chrono::milliseconds(200);
        query.mixed_case = mixed_case;
        return test::run(loop_, exchange(std::move(query), std::move(reply)));
    }
    static Message answer_to(const Message& question)
    {
        Message reply = question;
        reply.response = true;
        return reply;
    }

    asio::io_context loop_{1};
    asio::ip::udp::socket socket_;

private:
    base::Task<Message> exchange(Query query, Reply reply)
    {
        base::TaskGroup group(loop_.get_executor());
        group.spawn("server", serve_once(socket_, std::move(reply)));
        const asio::ip::tcp::endpoint server(socket_.local_endpoint().address(),
                                             socket_.local_endpoint().port());
        auto answer = co_await ask(server, std::move(query));
        co_await group.stop();
        co_return answer;
    }
};

TEST_F(Ask, PassesOverRepliesThatAreNotItsOwn)
{
    const auto reply = ask_and_reply([](const Message& question) {
        auto other_id = answer_to(question);
        ++other_id.id;
        auto other_name = answer_to(question);
        other_name.questions[0].name = Name::parse("other.example").value();
        auto no_reply = question;
        auto right = answer_to(question);
        right.rcode = Rcode::nxdomain;
        return std::vector<Message>{other_id, other_name, no_reply, right};
    });
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->rcode, Rcode::nxdomain);
    EXPECT_FALSE(reply->recursion_desired);
}

TEST_F(Ask, WithMixedCaseWantsItsCaseBack)
{
    const auto kept = ask_and_reply(
        [](const Message& question) { return std::vector<Message>{answer_to(question)}; }, true);
    ASSERT_TRUE(kept);
    EXPECT_NE(kept->questions[0].name.text(), "a-name-with-many-letters.example");

    const auto lowered = ask_and_reply(
        [](const Message& question) {
            auto reply = answer_to(question);
            reply.questions[0].name = reply.questions[0].name.lower();
            return std::vector<Message>{reply};
        },
        true);
    ASSERT_FALSE(lowered);
    EXPECT_EQ(lowered.error().kind(), base::Errc::timeout);
}

TEST_F(Ask, AcceptsAnErrorWithoutAQuestion)
{
    const auto reply = ask_and_reply([](const Message& question) {
        Message error;
        error.id = question.id;
        error.response = true;
        error.rcode = Rcode::formerr;
        return std::vector<Message>{error};
    });
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->rcode, Rcode::formerr);
}

TEST_F(Ask, SaysThatNothingListens)
{
    const asio::ip::tcp::endpoint server(socket_.local_endpoint().address(), socket_.local_endpoint().port());
    socket_.close();
    for (const auto transport : {Transport::udp, Transport::tcp}) {
        Query query;
        query.name = Name::parse("x.example").value();
        query.transport = transport;
        const auto reply = test::run(loop_, ask(server, query));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().kind(), base::Errc::unavailable);
        EXPECT_NE(reply.error().message().find("nothing listens there"), std::string::npos)
            << reply.error().message();
    }
}

}  // namespace
}  // namespace dns
