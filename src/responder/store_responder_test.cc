#include "responder/store_responder.h"

#include "acme/resources.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <map>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using responder::Audience;
using responder::Transport;

class OpenGate final : public responder::RevisionGate {
public:
    base::Task<> wait_until(Audience audience, model::Position position, std::chrono::milliseconds) override
    {
        waited.emplace_back(audience, position.number);
        co_return base::Result<>();
    }
    base::Task<> wait_for_edges(std::string group, model::Position position,
                                std::chrono::milliseconds) override
    {
        waited_for_group.emplace_back(std::move(group), position.number);
        co_return base::Result<>();
    }
    std::vector<std::pair<Audience, std::int64_t>> waited;
    std::vector<std::pair<std::string, std::int64_t>> waited_for_group;
};

// A name server that learns a value at its n-th question, or cannot be asked.
class LateProbe final : public responder::TxtProbe {
public:
    base::Task<bool> has_value(net::Endpoint server, Transport transport, std::string, std::string) override
    {
        const int asked = ++questions[{server.port(), transport}];
        if (unreachable.contains({server.port(), transport})) {
            co_return base::fail(base::Errc::timeout, "no answer");
        }
        co_return asked >= needed;
    }
    int needed = 3;
    std::map<std::pair<std::uint16_t, Transport>, int> questions;
    std::set<std::pair<std::uint16_t, Transport>> unreachable;
};

class StoreResponder : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        options_.own_servers = {net::Endpoint(asio::ip::make_address("127.0.0.1"), 53)};
        options_.own_limit = 500ms;
        options_.unreachable_limit = 100ms;
    }

    static responder::Presentation dns(std::string token)
    {
        responder::Presentation what;
        what.order = "ord_1";
        what.type = model::ChallengeType::dns_01;
        what.identifier = "shop.example.com";
        what.token = std::move(token);
        what.thumbprint = "thumb";
        what.txt_owner = "label.acme.example.net";
        return what;
    }
    base::Result<> present(responder::Presentation what)
    {
        auto responder = responder::make_responder(*store_, clock_, gate_, probe_, options_);
        return test::run(loop_, responder->present(std::move(what)));
    }
    base::Result<> clean_up(std::string order)
    {
        auto responder = responder::make_responder(*store_, clock_, gate_, probe_, options_);
        return test::run(loop_, responder->clean_up(std::move(order)));
    }
    base::Result<> sweep()
    {
        auto responder = responder::make_responder(*store_, clock_, gate_, probe_, options_);
        return test::run(loop_, responder->sweep());
    }
    std::vector<std::string> values()
    {
        auto read = [](store::Transaction& tx) { return tx.challenges.txt_of("label.acme.example.net"); };
        std::vector<std::string> found;
        for (const auto& each : test::run(loop_, store_->read(read)).value()) {
            found.push_back(each.value);
        }
        return found;
    }

    test::TempDir dir_;
    asio::io_context loop_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<store::Store> store_;
    OpenGate gate_;
    LateProbe probe_;
    responder::ResponderOptions options_;
};

TEST_F(StoreResponder, PublishesSeveralValuesBesideEachOther)
{
    ASSERT_TRUE(present(dns("a")));
    ASSERT_TRUE(present(dns("b")));
    ASSERT_TRUE(present(dns("b")));

    const auto found = values();

    EXPECT_EQ(found.size(), 2U);
    const auto wanted = acme::dns_01_value(acme::key_authorization("a", "thumb"));
    EXPECT_NE(std::ranges::find(found, wanted), found.end());
}

TEST_F(StoreResponder, WaitsForItsOwnRevisionAndForEveryServer)
{
    ASSERT_TRUE(present(dns("a")));

    ASSERT_EQ(gate_.waited.size(), 1U);
    EXPECT_EQ(gate_.waited[0].first, Audience::name_servers);
    EXPECT_GE(gate_.waited[0].second, 1);
    EXPECT_EQ((probe_.questions[{53, Transport::udp}]), 3);
    EXPECT_EQ((probe_.questions[{53, Transport::tcp}]), 3);
}

TEST_F(StoreResponder, FailsWhenAServerNeverLearnsTheValue)
{
    probe_.needed = 1'000'000;

    const auto presented = present(dns("a"));

    ASSERT_FALSE(presented);
    EXPECT_EQ(presented.error().code(), "dns_propagation");
}

TEST_F(StoreResponder, IsNotBlockedByAFamilyThatCannotBeReached)
{
    options_.own_servers.emplace_back(asio::ip::make_address("::1"), std::uint16_t(54));
    probe_.unreachable = {{54, Transport::udp}, {54, Transport::tcp}};

    EXPECT_TRUE(present(dns("a")));
}

TEST_F(StoreResponder, TakesBackOnlyWhatTheOrderPublishedAndTwiceIsFine)
{
    ASSERT_TRUE(present(dns("a")));
    auto other = dns("b");
    other.order = "ord_2";
    ASSERT_TRUE(present(other));

    EXPECT_TRUE(clean_up("ord_1"));
    EXPECT_TRUE(clean_up("ord_1"));

    EXPECT_EQ(values().size(), 1U);
}

TEST_F(StoreResponder, DropsWhatNobodyTookBackInTime)
{
    ASSERT_TRUE(present(dns("a")));

    ASSERT_TRUE(sweep());
    EXPECT_EQ(values().size(), 1U);
    clock_.advance(1h);
    ASSERT_TRUE(sweep());
    EXPECT_TRUE(values().empty());
}

// A server elsewhere that keeps two values.
class SmallPublisher final : public responder::Publisher {
public:
    base::Task<> add(std::string, std::string value) override
    {
        values.insert(std::move(value));
        co_return base::Result<>();
    }
    base::Task<> remove(std::string, std::string value) override
    {
        values.erase(value);
        co_return base::Result<>();
    }
    std::size_t capacity() const override { return 2; }
    std::set<std::string> values;
};

TEST_F(StoreResponder, OrdersTakeTurnsWhereThereIsRoomForFewValues)
{
    SmallPublisher small;
    probe_.needed = 1;
    options_.elsewhere = &small;
    options_.foreign_servers = options_.own_servers;
    options_.turn_limit = 400ms;
    ASSERT_TRUE(present(dns("a")));
    ASSERT_TRUE(present(dns("b")));
    ASSERT_TRUE(present(dns("b")));
    EXPECT_EQ(present(dns("c")).error().code(), "dns01_capacity");

    auto other = dns("d");
    other.order = "ord_2";
    EXPECT_EQ(present(other).error().code(), "dns01_busy");
    ASSERT_TRUE(clean_up("ord_1"));
    EXPECT_TRUE(small.values.empty());
    EXPECT_TRUE(present(other));
    EXPECT_EQ(small.values.size(), 1U);
}

TEST_F(StoreResponder, PublishesATokenOnlyForOtherAccounts)
{
    auto what = dns("tok");
    what.type = model::ChallengeType::http_01;
    ASSERT_TRUE(present(what));
    auto token = [](store::Transaction& tx) { return tx.challenges.token("tok"); };
    EXPECT_FALSE(test::run(loop_, store_->read(token)).value());
    EXPECT_TRUE(gate_.waited.empty());

    what.default_account = false;
    ASSERT_TRUE(present(what));
    EXPECT_EQ(test::run(loop_, store_->read(token)).value()->thumbprint, "thumb");
    EXPECT_EQ(gate_.waited.at(0).first, Audience::edges);

    ASSERT_TRUE(clean_up("ord_1"));
    EXPECT_FALSE(test::run(loop_, store_->read(token)).value());
}

TEST_F(StoreResponder, ATokenWaitsForTheEdgesOfItsGroupAndBehindProxiesForAll)
{
    ASSERT_TRUE(test::run(loop_, store_->write([](store::Transaction& tx) -> base::Result<> {
        model::EdgeGroup group;
        group.name = "west";
        CHECKED(tx.groups.put(group));
        group.name = "web";
        group.proxies = true;
        return tx.groups.put(group);
    })));
    auto what = dns("tok");
    what.type = model::ChallengeType::http_01;
    what.default_account = false;
    what.edge_group = "west";
    ASSERT_TRUE(present(what));
    ASSERT_EQ(gate_.waited_for_group.size(), 1U);
    EXPECT_EQ(gate_.waited_for_group[0].first, "west");
    EXPECT_TRUE(gate_.waited.empty());

    what.token = "other";
    what.edge_group = "web";
    ASSERT_TRUE(present(what));
    EXPECT_EQ(gate_.waited.at(0).first, Audience::edges);
}

TEST_F(StoreResponder, PublishesTheNameOfATlsAlpnTokenToTheEdgesThatItLeadsTo)
{
    auto what = dns("tok");
    what.type = model::ChallengeType::tls_alpn_01;
    what.edge_group = "west";

    ASSERT_TRUE(present(what));

    auto token = [](store::Transaction& tx) { return tx.challenges.token("tok"); };
    EXPECT_EQ(test::run(loop_, store_->read(token)).value()->identifier, "shop.example.com");
    ASSERT_EQ(gate_.waited_for_group.size(), 1U);
    EXPECT_EQ(gate_.waited_for_group[0].first, "west");
    EXPECT_GT(gate_.waited_for_group[0].second, 0);
    EXPECT_TRUE(gate_.waited.empty());
    ASSERT_TRUE(clean_up("ord_1"));
    EXPECT_FALSE(test::run(loop_, store_->read(token)).value());

    // After a crash nobody takes it back.
    ASSERT_TRUE(present(what));
    clock_.advance(1h);
    ASSERT_TRUE(sweep());
    EXPECT_FALSE(test::run(loop_, store_->read(token)).value());
}

}  // namespace
