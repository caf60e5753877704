#include "alerts/testing/alert_world.h"
#include "support/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::customer_problem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AlertCourier : public ::testing::Test, public testing::World {
protected:
    model::Channel hook(const std::string& tenant = "acme", std::vector<std::string> events = {"endpoint.*"})
    {
        return add_channel(model::ChannelKind::webhook, "https://hook.test/" + base::random_label(5), tenant,
                           model::Audience::operators, std::move(events));
    }
    std::vector<std::string> types_of(const std::vector<http::ClientRequest>& requests)
    {
        std::vector<std::string> types;
        for (const auto& each : requests) {
            types.emplace_back(boost::json::parse(each.body).at("type").as_string());
        }
        return types;
    }
};

TEST_F(AlertCourier, KeepsTheOrderOfAnEndpointThroughFailures)
{
    hook();
    const auto a = add_endpoint("a.test");
    settle();
    tenants_web.status = 500;
    for (const auto* type : {"endpoint.one", "endpoint.two", "endpoint.three"}) {
        event(a, type);
    }
    settle();
    EXPECT_THAT(types_of(tenants_web.requests), ElementsAre("endpoint.one"));
    pass(minutes(2));
    const auto tries = tenants_web.requests.size();
    EXPECT_THAT(types_of(tenants_web.requests), ::testing::Each("endpoint.one"));
    EXPECT_EQ(std::set<std::string>({std::string(*tenants_web.requests.front().headers.find("webhook-id"))}),
              std::set<std::string>({std::string(*tenants_web.requests.back().headers.find("webhook-id"))}));
    tenants_web.status = 204;
    pass(hours(1));
    const auto types = types_of(tenants_web.requests);
    EXPECT_THAT(std::vector<std::string>(types.begin() + static_cast<long>(tries), types.end()),
                ElementsAre("endpoint.one", "endpoint.two", "endpoint.three"));
    pass(hours(24));
    EXPECT_THAT(tenants_web.requests, SizeIs(tries + 3)) << "nothing goes twice";
}

TEST_F(AlertCourier, LeavesAFailingReceiverAlone)
{
    const auto channel = hook();
    tenants_web.status = 503;
    for (int i = 0; i < 40; ++i) {
        event(add_endpoint("n" + std::to_string(i) + ".test"), "endpoint.parked");
    }
    settle();
    EXPECT_LE(tenants_web.requests.size(), 8U);
    for (int i = 0; i < 24; ++i) {
        pass(hours(1));
    }
    EXPECT_LE(tenants_web.requests.size(), 45U) << "one try an hour, not forty";
    const auto failing = this->channel(channel.id);
    EXPECT_GT(failing.failures, 0);
    EXPECT_THAT(failing.error, HasSubstr("503"));
    tenants_web.status = 200;
    pass(hours(1));
    for (int i = 0; i < 12; ++i) {
        settle();
    }
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 0);
    EXPECT_EQ(this->channel(channel.id).failures, 0);
    EXPECT_EQ(this->channel(channel.id).succeeded_at, clock.now());
}

TEST_F(AlertCourier, OneRefusedDeliveryHoldsUpNoOther)
{
    hook();
    const auto a = add_endpoint("a.test");
    const auto b = add_endpoint("b.test");
    settle();
    tenants_web.status = 422;
    event(a, "endpoint.one");
    settle();
    tenants_web.status = 204;
    event(b, "endpoint.two");
    settle();
    EXPECT_THAT(types_of(tenants_web.requests), ElementsAre("endpoint.one", "endpoint.two"));
}

TEST_F(AlertCourier, GivesUpAfterDays)
{
    const auto channel = hook();
    const auto a = add_endpoint("a.test");
    settle();
    tenants_web.status = 500;
    event(a, "endpoint.one");
    for (int i = 0; i < 80; ++i) {
        pass(hours(1));
    }
    const auto last =
        read([&](store::Transaction& tx) { return tx.deliveries.of_channel(channel.id, 5); }).value();
    ASSERT_THAT(last, SizeIs(1));
    EXPECT_EQ(last[0].state, model::DeliveryState::abandoned);
    EXPECT_GT(last[0].attempts, 60);
}

TEST_F(AlertCourier, ASlowOrDeadChannelHidesNoOther)
{
    hook();
    tenants_web.status = 500;
    for (int i = 0; i < 300; ++i) {
        event(add_endpoint("n" + std::to_string(i) + ".test"), "endpoint.parked");
    }
    settle();
    add_channel(model::ChannelKind::email, "admin@acme.test", "acme");
    fail_renewal(add_endpoint("shop.test"), customer_problem);
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("admin@acme.test"), SizeIs(1));
}

TEST_F(AlertCourier, DeliversAgainWhatWasNotRecorded)
{
    hook();
    const auto a = add_endpoint("a.test");
    settle();
    event(a, "endpoint.one");
    // The node loses its lease while the receiver is asked: the answer cannot be recorded.
    tenants_web.before_answer = [this] {
        return store->write([](store::Transaction& tx) -> base::Result<> {
            TRY(lease, tx.leases.acquire("alerts", "node_1", seconds(30)));
            return tx.leases.release(*lease);
        });
    };
    EXPECT_TRUE(test::run(loop, engine.round()).value());
    test::run(loop, engine.courier().join());
    tenants_web.before_answer = nullptr;
    ASSERT_THAT(tenants_web.requests, SizeIs(1));
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 1);

    Options other_options = options;
    other_options.node = "node_2";
    Engine other(loop.get_executor(), *store, clock, platform, carriers, other_options);
    EXPECT_TRUE(test::run(loop, other.round()).value());
    test::run(loop, other.courier().join());
    ASSERT_THAT(tenants_web.requests, SizeIs(2));
    EXPECT_EQ(tenants_web.requests[0].headers.find("webhook-id"),
              tenants_web.requests[1].headers.find("webhook-id"));
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 0);
}

TEST_F(AlertCourier, RunsConfiguredCommandsWithTheNoticeOnStandardInput)
{
    const auto script = folder.path() / "page";
    const auto told = folder.path() / "told";
    test::write_file(script, "#!/bin/sh\ncat >> " + told.string() + "\n[ -e " + told.string() +
                                 ".ok ] || { echo no >&2; exit 9; }\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    options.commands["pager"] = {script.string(), "--now"};
    fail_renewal(add_endpoint("shop.acme.test"), customer_problem);
    settle();  // makes the configured channel
    pass(options.gather);
    const auto channels = read([](store::Transaction& tx) { return tx.channels.of_tenant(""); }).value();
    ASSERT_THAT(channels, SizeIs(1));
    EXPECT_EQ(channels[0].kind, model::ChannelKind::exec);
    EXPECT_THAT(channels[0].error, HasSubstr("ended with status 9: no"));
    EXPECT_THAT(test::read_file(told), HasSubstr("\"rule\":\"renewal_failing\""));

    test::write_file(told.string() + ".ok", "");
    pass(minutes(1));
    EXPECT_EQ(channel(channels[0].id).failures, 0);
}

TEST_F(AlertCourier, LeavesTheConfiguredChannelsAsTheConfigurationHasThem)
{
    options.mail = {"ops@platform.test"};
    settle();
    const auto listed = [&] {
        return read([](store::Transaction& tx) { return tx.channels.of_tenant(""); });
    };
    ASSERT_THAT(*listed(), SizeIs(1));
    const auto id = listed()->at(0).id;
    must([now = clock.now(), this](store::Transaction& tx) {
        return put_configured_channels(tx, options, now);
    });
    EXPECT_EQ(listed()->at(0).id, id);
    options.mail = {"new@platform.test"};
    must([now = clock.now(), this](store::Transaction& tx) {
        return put_configured_channels(tx, options, now);
    });
    ASSERT_THAT(*listed(), SizeIs(1));
    EXPECT_EQ(listed()->at(0).target, "new@platform.test");
}

}  // namespace
}  // namespace alerts
