#include "edge/access_log.h"

#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace edge {
namespace {

using testing::EndsWith;
using testing::MatchesRegex;

// A request that was answered.
class Answered final : public http::Exchange {
public:
    Answered()
    {
        head.method = "GET";
        head.target = "/a\"b";
        head.authority = "shop.test";
        head.version = 20;
        facts.client = {boost::asio::ip::make_address("2001:db8::7"), 5000};
    }
    const http::RequestHead& request() const override { return head; }
    const net::ConnectionFacts& connection() const override { return facts; }
    base::Task<std::size_t> read_body(std::span<char>) override { co_return std::size_t{0}; }
    std::optional<std::uint64_t> body_length() const override { return 0; }
    const http::Headers& request_trailers() const override { return head.headers; }
    base::Result<> send_head(http::ResponseHead) override { return {}; }
    base::Task<> send_body(std::span<const char>) override { co_return base::Result<>(); }
    base::Task<> finish(http::Headers) override { co_return base::Result<>(); }
    void reset() override {}
    std::unique_ptr<net::Stream> upgrade() override { return nullptr; }

    http::RequestHead head;
    net::ConnectionFacts facts;
};

TEST(AccessLog, WritesTheCommonFormAndNothingThatBreaksIt)
{
    Answered answered;
    answered.head.headers.add("User-Agent", "x\ny \"\xC3\xA4\" \\");
    MeasuredExchange exchange(answered);
    boost::asio::io_context loop(1);
    ASSERT_TRUE(exchange.send_head({200, {}}));
    ASSERT_TRUE(test::run(loop, exchange.send_body(std::span<const char>("four", 4))));
    ASSERT_TRUE(test::run(loop, exchange.send_last(std::span<const char>("2", 1))));
    std::string line;

    append_access_line(line, exchange, std::chrono::milliseconds(12));

    EXPECT_THAT(line, MatchesRegex("shop.test 2001:db8::7 - - \\[[0-9]+/[A-Z][a-z]+/[0-9:]+ \\+0000\\] "
                                   "\"GET /a.x22b HTTP/2.0\" 200 5 \"-\" .*\n"));
    EXPECT_THAT(line, EndsWith(" \"-\" \"x\\x0Ay \\x22\\xC3\\xA4\\x22 \\x5C\" 0.012\n"));
}

TEST(AccessLog, GoesOnInANewFileAfterRotation)
{
    const test::TempDir folder;
    const auto file = folder.path() / "access.log";
    boost::asio::io_context loop(1);
    Counters counters;
    auto log = AccessLog::open(file, loop.get_executor(), counters);
    ASSERT_TRUE(log);
    Answered answered;
    const MeasuredExchange exchange(answered);
    (*log)->add(exchange, {});
    boost::asio::cancellation_signal end;
    boost::asio::co_spawn(loop, (*log)->keep_writing(),
                          boost::asio::bind_cancellation_slot(end.slot(), [](const std::exception_ptr&) {}));
    const auto run_until = [&](auto holds) {
        for (int i = 0; i < 2'000 && !holds(); ++i) {
            loop.run_for(std::chrono::milliseconds(10));
        }
        return holds();
    };

    EXPECT_TRUE(run_until([&] { return !test::read_file(file).empty(); }));
    std::filesystem::rename(file, folder.path() / "access.log.1");
    EXPECT_TRUE(run_until([&] { return std::filesystem::exists(file); }));
    (*log)->add(exchange, {});
    EXPECT_TRUE(run_until([&] { return !test::read_file(file).empty(); }));
    end.emit(boost::asio::cancellation_type::all);
    loop.run();

    const auto nowhere =
        AccessLog::open(folder.path() / "missing" / "access.log", loop.get_executor(), counters);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code(), "access_log_not_writable");
}

// A pipe that nobody reads is a disk that stalls.
TEST(AccessLog, ADiskThatStallsHoldsUpNobodyAndLinesThatAreLostAreCounted)
{
    const test::TempDir folder;
    const auto file = folder.path() / "access.log";
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    const int disk = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(disk, 0);
    boost::asio::io_context loop(1);
    Counters counters;
    auto log = AccessLog::open(file, loop.get_executor(), counters);
    ASSERT_TRUE(log);
    boost::asio::cancellation_signal end;
    boost::asio::co_spawn(loop, (*log)->keep_writing(),
                          boost::asio::bind_cancellation_slot(end.slot(), [](const std::exception_ptr&) {}));
    Answered answered;
    answered.head.target = "/" + std::string(1000, 'x');
    const MeasuredExchange exchange(answered);
    std::size_t added = 0;
    for (; counters.access_log_dropped < 100 && added < 100'000; ++added) {
        (*log)->add(exchange, {});
        loop.poll();
    }
    EXPECT_EQ(counters.access_log_dropped, 100U) << "the loop went on";

    std::size_t lines = 0;
    std::array<char, 64 * 1024> piece;
    for (int i = 0; i < 20'000 && lines < added - 100; ++i) {
        const auto count = ::read(disk, piece.data(), piece.size());
        if (count > 0) {
            lines += static_cast<std::size_t>(std::count(piece.begin(), piece.begin() + count, '\n'));
        } else {
            loop.run_for(std::chrono::milliseconds(1));
        }
    }
    EXPECT_EQ(lines, added - 100);
    end.emit(boost::asio::cancellation_type::all);
    loop.run();
    ::close(disk);
}

}  // namespace
}  // namespace edge
