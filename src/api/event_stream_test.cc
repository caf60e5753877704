#include "api/testing/api_world.h"
#include "net/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using api::testing::ApiWorld;
using ::testing::HasSubstr;
using ::testing::Not;

// Opens a stream and reads until `wanted` was seen.
base::Task<std::string> read_until(net::Stream& stream, std::string wanted)
{
    std::string all;
    std::array<char, 4096> buffer;
    while (!all.contains(wanted)) {
        CO_TRY(count, co_await stream.read_some(buffer));
        if (count == 0) {
            break;
        }
        all.append(buffer.data(), count);
    }
    co_return std::move(all);
}

struct EventStream : ::testing::Test, ApiWorld {
    std::unique_ptr<net::Stream> open(const std::string& token, const std::string& headers)
    {
        auto stream =
            std::move(world.run(net::connect("127.0.0.1", server->port(), std::chrono::seconds(5))).value());
        stream->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(15));
        const std::string request =
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: "
            "Bearer " +
            token + "\r\n" + headers + "\r\n";
        EXPECT_TRUE(world.run(stream->write(std::span<const char>(request))));
        return stream;
    }
    std::string until(net::Stream& stream, const std::string& wanted)
    {
        return world.run(read_until(stream, wanted)).value_or("broken");
    }
};

TEST_F(EventStream, SendsWhatHappensFromNowOn)
{
    add(acme_token, "before.customer.test");
    const auto stream = open(acme_token, "");
    EXPECT_THAT(until(*stream, ": here"), HasSubstr("Content-Type: text/event-stream"));

    add(acme_token, "after.customer.test");
    add(globex_token, "other.customer.test");
    api.events_appended();
    const auto seen = until(*stream, "after.customer.test");

    EXPECT_THAT(seen, HasSubstr("event: endpoint.created\n"));
    EXPECT_THAT(seen, Not(HasSubstr("before.customer.test")));
    EXPECT_THAT(seen, Not(HasSubstr("other.customer.test")));
    api.stop_streams();
    EXPECT_THAT(until(*stream, "0\r\n\r\n"), HasSubstr("0\r\n\r\n"));
}

TEST_F(EventStream, ContinuesAfterTheLastEventId)
{
    add(acme_token, "one.customer.test");
    const auto number = ask(acme_token, "GET", "/v1/events").body.at("next").as_string();
    add(acme_token, "two.customer.test");
    const auto stream = open(acme_token, "Last-Event-ID: " + std::string(number) + "\r\n");

    const auto seen = until(*stream, "two.customer.test");

    EXPECT_THAT(seen, Not(HasSubstr("one.customer.test")));
    api.stop_streams();
    EXPECT_THAT(until(*stream, "0\r\n\r\n"), HasSubstr("0\r\n\r\n"));
}

TEST_F(EventStream, EndsWithItsToken)
{
    const auto stream = open(acme_token, "");
    until(*stream, ": here");
    ASSERT_TRUE(world.run(world.store->write([](store::Transaction& tx) -> base::Result<> {
        TRY(tokens, tx.tokens.list("acme"));
        return tx.tokens.revoke(tokens.at(0).id, base::Time{} + std::chrono::hours(1));
    })));
    add(globex_token, "other.customer.test");
    api.events_appended();

    EXPECT_THAT(until(*stream, "0\r\n\r\n"), HasSubstr("0\r\n\r\n"));
    const auto again = open(acme_token, "Connection: close\r\n");
    EXPECT_THAT(until(*again, "token_invalid"), HasSubstr("401"));
}

TEST_F(EventStream, NeedsAToken)
{
    const auto stream = open("nonsense", "Connection: close\r\n");

    EXPECT_THAT(until(*stream, "token_invalid"), HasSubstr("401"));
}

}  // namespace
