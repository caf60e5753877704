// An edge of a pool with real clients (curl, our own TLS client) before it and a scripted control node behind
// it.
#include "edge_fixture.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Answers as a test wants it, on a thread of its own as a control loop is.
class ScriptedDesk final : public feed::WishDesk {
public:
    ScriptedDesk() : work_(loop_.get_executor()), thread_([this] { loop_.run(); }) {}
    ~ScriptedDesk() override
    {
        work_.reset();
        thread_.join();
    }
    base::Task<model::WishAnswer> wish(model::Wish wish) override
    {
        ++wishes;
        last_client = wish.client;
        co_await base::sleep_for(delay);
        if (away) {
            co_return base::fail(base::Errc::unavailable, "away");
        }
        model::WishAnswer answer;
        answer.granted =
            wish.name.ends_with(".here.test") || wish.name == "here.test" || wish.name == "slow.test";
        answer.code = answer.granted ? "" : "dns_wrong_target";
        answer.keep = std::chrono::seconds(60);
        co_return answer;
    }
    boost::asio::any_io_executor executor() { return loop_.get_executor(); }

    std::atomic<int> wishes{0};
    std::atomic<bool> away{false};
    std::chrono::milliseconds delay{20};
    std::string last_client;

private:
    boost::asio::io_context loop_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

class PoolTest : public EdgeTest {
protected:
    void SetUp() override
    {
        stop();
        auto made = options();
        made.desk = &desk;
        made.loop.cache.on_demand.wait = std::chrono::milliseconds(3000);
        made.wishes.flood.client = {0.01, most_wishes};
        edge = Edge::start(std::move(made), clock, desk.executor()).value();
        apply({certificate("crt_p", "", {"*.platform.test"}), pool("crt_p")});
    }
    void TearDown() override { stop(); }

    static feed::Change pool(const std::string& default_certificate, int labels = 0)
    {
        auto made = group(default_certificate);
        std::get<model::EdgeGroup>(*made.entry).pool = {{"https://www.{name}", 301, true}, labels};
        return made;
    }
    feed::Change granted(const std::string& name, std::vector<std::string> certificates)
    {
        auto made = route("ep_" + name, {name}, std::move(certificates));
        auto& entry = std::get<feed::RouteEntry>(*made.entry);
        entry.upstream.clear();
        entry.redirect = {"https://www.{name}", 301, true};
        return made;
    }
    // As control does: first the endpoint, then its certificate.
    void deliver(const std::string& name)
    {
        apply({granted(name, {})});
        apply({certificate("crt_" + name, "ep_" + name, {name}), granted(name, {"crt_" + name})});
    }
    void wait_for_wishes(int count)
    {
        for (int i = 0; i < 1000 && desk.wishes < count; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        ASSERT_GE(desk.wishes, count);
    }

    static constexpr int most_wishes = 10;  // of one client
    ScriptedDesk desk;
};

TEST_F(PoolTest, TheFirstHandshakeWaitsForItsCertificate)
{
    std::string answer;
    std::thread visitor([&] { answer = https("here.test", "/a?b", "-i"); });
    wait_for_wishes(1);
    deliver("here.test");
    visitor.join();

    EXPECT_THAT(answer, AllOf(HasSubstr("HTTP/1.1 301"), HasSubstr("Location: https://www.here.test/a?b")));
    EXPECT_EQ(desk.last_client, "127.0.0.1");
    EXPECT_EQ(desk.wishes, 1);
}

TEST_F(PoolTest, AHerdIsOneWish)
{
    constexpr int herd = 50;
    std::vector<std::thread> visitors;
    std::atomic<int> served{0};
    for (int i = 0; i < herd; ++i) {
        visitors.emplace_back([&] {
            served += https("here.test", "/", "-i").contains("Location: https://www.here.test/") ? 1 : 0;
        });
    }
    wait_for_wishes(1);
    deliver("here.test");
    for (auto& each : visitors) {
        each.join();
    }

    EXPECT_EQ(served, herd);
    EXPECT_EQ(desk.wishes, 1);
}

TEST_F(PoolTest, WaitsNoLongerThanAllowedAndThenServesTheDefault)
{
    const auto began = std::chrono::steady_clock::now();
    EXPECT_THAT(https("slow.test", "/", "-k"), HasSubstr("unrecognized name")) << "nothing has come of it";
    apply({granted("slow.test", {})});
    EXPECT_THAT(https("slow.test", "/"), HasSubstr("exit 60")) << "the default does not cover the name";
    EXPECT_THAT(https("slow.test", "/", "-k -i"), HasSubstr("Location: https://www.slow.test/"));
    const auto waited = std::chrono::steady_clock::now() - began;
    EXPECT_GT(waited, std::chrono::seconds(6));
    EXPECT_LT(waited, std::chrono::seconds(20));
    deliver("slow.test");
    EXPECT_THAT(https("slow.test", "/", "-i"), HasSubstr("Location: https://www.slow.test/"));
    EXPECT_EQ(desk.wishes, 1);
}

TEST_F(PoolTest, PlainHttpIsRedirectedAtOnce)
{
    EXPECT_THAT(http("here.test", "/a?b", "-i"),
                AllOf(HasSubstr("HTTP/1.1 301"), HasSubstr("Location: https://www.here.test/a?b")));
    EXPECT_THAT(http("there.test", "/", "-i"), HasSubstr(" 404 "));
    desk.away = true;
    EXPECT_THAT(http("unsure.test", "/", "-i"), AllOf(HasSubstr(" 503 "), HasSubstr("Retry-After: 5")));
}

TEST_F(PoolTest, RefusedNamesAreRefusedFromMemory)
{
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(https("there.test", "/", "-k"), HasSubstr("unrecognized name"));
        EXPECT_THAT(http("there.test", "/", "-i"), HasSubstr(" 404 "));
    }
    EXPECT_EQ(desk.wishes, 1);
}

TEST_F(PoolTest, NamesThatNoPoolTakesAreNeverWished)
{
    for (const auto* each :
         {"r1.here.test", "www.here.test", "www.www.here.test", "localhost", "a_b.here.test"}) {
        EXPECT_THAT(https(each, "/", "-k"), HasSubstr("unrecognized name")) << each;
        EXPECT_THAT(http(each, "/", "-i"), HasSubstr(" 404 ")) << each;
    }
    EXPECT_EQ(desk.wishes, 0);
    apply({pool("crt_p", 1)});
    EXPECT_THAT(http("r1.here.test", "/", "-i"), HasSubstr("Location: https://www.r1.here.test/"));
    EXPECT_THAT(http("www.here.test", "/", "-i"), HasSubstr(" 404 "));
}

// One client on one connection, as fast as it goes: how many were answered.
int ask_for_many(const std::filesystem::path& folder, std::uint16_t port, int count,
                 const std::string& suffix)
{
    test::write_file(folder / "ask.py",
                     "import http.client, sys\n"
                     "connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n"
                     "for number in range(int(sys.argv[2])):\n"
                     "    connection.request('GET', '/', headers={'Host': 'r%d%s' % (number, sys.argv[3])})\n"
                     "    connection.getresponse().read()\n"
                     "print(int(sys.argv[2]))\n");
    const auto said =
        shell(fmt::format("python3 {} {} {} {}", (folder / "ask.py").string(), port, count, suffix));
    return std::atoi(said.c_str());
}

TEST_F(PoolTest, TenThousandRandomNamesAreFewWishes)
{
    const auto port = edge->http().front().port();
    EXPECT_EQ(ask_for_many(folder.path(), port, 10'000, ".example.com"), 10'000);
    EXPECT_EQ(desk.wishes, 0) << "subdomains are for no pool of bare domains";
    desk.delay = std::chrono::milliseconds(0);
    EXPECT_EQ(ask_for_many(folder.path(), port, 10'000, "there.test"), 10'000);
    EXPECT_EQ(desk.wishes, most_wishes);
    EXPECT_THAT(http("shop.test", "/", "-i"), HasSubstr(" 503 "))
        << "for this client; what is there is served:";
    serve_shop();
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

TEST_F(PoolTest, AnswersTheCaBeforeTheEndpointHasCome)
{
    EXPECT_THAT(http("here.test", "/.well-known/acme-challenge/token"),
                HasSubstr("token.the-default-thumbprint"));
    EXPECT_THAT(http("r.here.test", "/.well-known/acme-challenge/token"), HasSubstr("There is no challenge"));
    EXPECT_EQ(desk.wishes, 0);
}

TEST_F(PoolTest, WithoutControlItServesWhatItHas)
{
    deliver("here.test");
    desk.away = true;
    EXPECT_THAT(https("here.test", "/", "-i"), HasSubstr("Location: https://www.here.test/"));
    EXPECT_THAT(https("new.here.test", "/", "-k"), HasSubstr("unrecognized name"));
    EXPECT_THAT(https("there.test", "/", "-k"), HasSubstr("unrecognized name"));
}

}  // namespace
}  // namespace edge
