#include "alerts/testing/alert_world.h"
#include "support/postgres.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::customer_problem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::platform_problem;
using ::testing::SizeIs;

class AlertEngine : public ::testing::TestWithParam<std::string>, public testing::World {
protected:
    AlertEngine() : World(GetParam() == "postgres" ? test::Postgres::shared().new_database() : std::string())
    {
    }

    const model::Channel ops = add_channel(model::ChannelKind::email, "ops@platform.test");
    const model::Channel support =
        add_channel(model::ChannelKind::email, "help@platform.test", "", model::Audience::support);
    const model::Channel tenant = add_channel(model::ChannelKind::email, "admin@acme.test", "acme");
};

TEST_P(AlertEngine, TellsWhoMustAct)
{
    fail_renewal(add_endpoint("shop.acme.test"), customer_problem);
    fail_renewal(add_endpoint("blog.acme.test"), platform_problem);
    settle();
    EXPECT_THAT(open_alerts(), SizeIs(2));
    EXPECT_THAT(mail.mails, IsEmpty()) << "what comes together is gathered first";

    pass(options.gather);
    const auto shop = "[certwright] shop.acme.test: renewal fails, the certificate ends on 2027-04-14";
    EXPECT_THAT(subjects_to("admin@acme.test"), ElementsAre(shop));
    EXPECT_THAT(subjects_to("help@platform.test"), ElementsAre(shop));
    EXPECT_THAT(subjects_to("ops@platform.test"), ElementsAre(HasSubstr("blog.acme.test: renewal fails")));
}

TEST_P(AlertEngine, TellsOnceThenDailyThenThatItIsOver)
{
    const auto shop = add_endpoint("shop.acme.test");
    fail_renewal(shop, customer_problem);
    settle();
    pass(options.gather);
    for (int i = 0; i < 12; ++i) {
        event(shop, "certificate.renewal.failed");
        pass(minutes(115));
    }
    EXPECT_THAT(subjects_to("admin@acme.test"), SizeIs(1));
    EXPECT_EQ(open_alerts().at(0).count, 13);
    pass(hours(1));
    EXPECT_THAT(subjects_to("admin@acme.test"),
                ElementsAre(HasSubstr("[certwright] shop"), HasSubstr("[certwright] Still: shop")));

    renew(shop);
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("admin@acme.test"),
                ElementsAre(HasSubstr("] shop"), HasSubstr("] Still: shop"), HasSubstr("] Resolved: shop")));
    EXPECT_THAT(open_alerts(), IsEmpty());
    const auto& first = mail.mails.front().message;
    const auto& last = mail.mails.back().message;
    const auto from = first.find("Message-ID: <") + 13;
    const auto id = first.substr(from, first.find('>', from) - from);
    EXPECT_THAT(last, HasSubstr("References: <" + id + ">"));
    EXPECT_THAT(last, HasSubstr("In-Reply-To: <" + id + ">"));
}

TEST_P(AlertEngine, SaysNothingOfWhatComesAndGoesAtOnce)
{
    const auto shop = add_endpoint("shop.acme.test");
    fail_renewal(shop, customer_problem);
    settle();
    EXPECT_THAT(open_alerts(), SizeIs(1));
    renew(shop);
    settle();
    pass(hours(2));
    EXPECT_THAT(open_alerts(), IsEmpty());
    EXPECT_THAT(mail.mails, IsEmpty());
}

TEST_P(AlertEngine, TellsOfAnUnsteadyNameAtMostHourly)
{
    const auto shop = add_endpoint("shop.acme.test");
    const auto set_drift = [&](bool drifted) {
        must([&, now = clock.now()](store::Transaction& tx) -> base::Result<> {
            TRY(stored, tx.endpoints.get(shop.id));
            stored.status.state = drifted ? model::EndpointState::degraded : model::EndpointState::active;
            stored.status.conditions = {
                {.type = "DnsRouting",
                 .status = drifted ? model::ConditionStatus::no : model::ConditionStatus::yes,
                 .problem = drifted ? customer_problem : model::Problem(),
                 .observed_at = now}};
            return tx.endpoints.update(stored);
        });
        event(shop, drifted ? "endpoint.dns_drift" : "endpoint.dns_ok");
    };
    int opened = 0;
    for (int i = 0; i < 24; ++i) {
        set_drift(i % 2 == 0);
        settle();
        pass(minutes(5));
    }
    for (const auto& subject : subjects_to("admin@acme.test")) {
        opened += subject.contains("Resolved") ? 0 : 1;
    }
    EXPECT_GE(opened, 1);
    EXPECT_LE(opened, 2) << "two hours";
}

TEST_P(AlertEngine, MakesOneNoticeOfHundredsWithOneReason)
{
    std::vector<model::Endpoint> many;
    for (int i = 0; i < 300; ++i) {
        many.push_back(add_endpoint("n" + std::to_string(i) + ".acme.test"));
        fail_renewal(many.back(), platform_problem);
    }
    settle();
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.alerts.count_open(); })->at(0).count, 300);
    pass(options.gather);
    ASSERT_THAT(subjects_to("ops@platform.test"),
                ElementsAre("[certwright] 300 renewals fail (http_unreachable)"));
    const auto text = mail.mails.back().message;
    EXPECT_THAT(text, HasSubstr("Port 80 is closed."));
    EXPECT_THAT(text, HasSubstr("... and 290 more"));
    EXPECT_THAT(text, HasSubstr("certwright alert list --rule renewal_failing"));

    // More of the same within the hour waits for its end, and is one notice again.
    for (int i = 0; i < 7; ++i) {
        fail_renewal(add_endpoint("later" + std::to_string(i) + ".acme.test"), platform_problem);
        settle();
        pass(minutes(2));
    }
    EXPECT_THAT(subjects_to("ops@platform.test"), SizeIs(1));
    pass(hours(1));
    EXPECT_THAT(subjects_to("ops@platform.test"),
                ElementsAre(HasSubstr("] 300 renewals"), HasSubstr("] 7 renewals")));

    for (const auto& each : many) {
        renew(each);
    }
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("ops@platform.test").back(), HasSubstr("Resolved: 300 renewals"));
}

TEST_P(AlertEngine, WatchesExpiryByTheClockAlone)
{
    add_endpoint("old.acme.test", hours(24) * 60);
    settle();
    EXPECT_THAT(open_alerts(), IsEmpty());
    for (int day = 0; day < 31; ++day) {
        pass(hours(24));
    }
    const auto told = subjects_to("ops@platform.test");
    // Expiring from the 72nd day on, expired on the 90th; daily at most.
    ASSERT_GE(told.size(), 15U);
    EXPECT_LE(told.size(), 20U);
    EXPECT_THAT(told.front(), HasSubstr("old.acme.test: the certificate ends on 2027-02-14"));
    EXPECT_THAT(told.back(), HasSubstr("old.acme.test: the certificate ended on 2027-02-14"));
    EXPECT_THAT(told, Not(::testing::Contains(HasSubstr("Resolved"))));
    ASSERT_THAT(open_alerts(), SizeIs(1));
    EXPECT_EQ(open_alerts()[0].rule, "expired");
    EXPECT_EQ(open_alerts()[0].severity, model::Severity::critical);
    const auto events = read([](store::Transaction& tx) { return tx.events.newest("acme", 50); }).value();
    EXPECT_EQ(events.back().type, "certificate.expired");
    EXPECT_THAT(events, ::testing::Contains(::testing::Field(&model::Event::type, "certificate.expiring")));
}

TEST_P(AlertEngine, KeepsSilenceUntilItEnds)
{
    const auto shop = add_endpoint("shop.acme.test");
    const auto silence = [&](const std::string& id, const std::string& owner, const std::string& rule) {
        must([=, this, until = clock.now() + hours(8),
              subject = rule.empty() ? shop.id : std::string()](store::Transaction& tx) {
            return tx.alerts.put_silence({.id = id,
                                          .tenant = owner,
                                          .alert = "",
                                          .subject = subject,
                                          .rule = rule,
                                          .until = until,
                                          .reason = "",
                                          .created_at = clock.now()});
        });
    };
    silence("sil_1", "acme", "");
    fail_renewal(shop, customer_problem);
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("admin@acme.test"), IsEmpty());
    EXPECT_THAT(subjects_to("help@platform.test"), SizeIs(1)) << "a tenant silences its own channels";
    pass(hours(9));
    EXPECT_THAT(subjects_to("admin@acme.test"), SizeIs(1)) << "it lasts, so it is told when the silence ends";

    silence("sil_2", "", "renewal_failing");
    fail_renewal(add_endpoint("blog.acme.test"), platform_problem);
    settle();
    pass(hours(2));
    EXPECT_THAT(subjects_to("ops@platform.test"), IsEmpty());
}

TEST_P(AlertEngine, TellsOfAnAccountOnceForAllItsNames)
{
    model::Problem refused{.code = "ca_account_invalid",
                           .message = "The CA does not accept our account.",
                           .actor = model::Actor::platform,
                           .fix = "Check the account."};
    const auto first = add_endpoint("a.acme.test");
    fail_renewal(first, refused);
    fail_renewal(add_endpoint("b.acme.test"), refused);
    pass(options.gather);
    pass(options.gather);
    ASSERT_THAT(open_alerts(), SizeIs(1));
    EXPECT_EQ(open_alerts()[0].subject, "ca_1");
    EXPECT_THAT(subjects_to("ops@platform.test"), ElementsAre(HasSubstr("CA account ca_1")));

    model::Event renewed;
    renewed.tenant = "acme";
    renewed.subject = first.id;
    renewed.type = "certificate.renewed";
    renewed.data["order"] = "ord_" + first.id;
    renewed.created_at = clock.now();
    renew(first);
    must([renewed](store::Transaction& tx) { return tx.events.append(renewed); });
    settle();
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.alerts.last_resolved("account_invalid", "ca_1"); })
                  .value()
                  ->subject,
              "ca_1");
}

TEST_P(AlertEngine, WatchesThePlatformItself)
{
    must([now = clock.now()](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.edges.put({.id = "edge_1",
                              .name = "west",
                              .group = "default",
                              .version = "1",
                              .revision = 1,
                              .seen_at = now}));
        model::CaAccount account;
        account.id = "ca_1";
        account.name = "default";
        CHECKED(tx.accounts.put(account));
        model::Bucket bucket;
        bucket.key = "ca_1/new_orders";
        bucket.capacity = 300;
        bucket.period_ms = 3 * 3'600'000;
        bucket.level = 3;
        bucket.updated_at = now;
        return tx.budgets.put(bucket);
    });
    platform.states = {{"platform.test",
                        true,
                        false,
                        {.code = "zone_not_delegated",
                         .message = "platform.test is not delegated.",
                         .actor = model::Actor::platform,
                         .fix = "Create the records."}}};
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("ops@platform.test"),
                ::testing::UnorderedElementsAre(HasSubstr("CA account default: little is left"),
                                                HasSubstr("zone platform.test")));
    pass(minutes(6));
    pass(options.gather);
    EXPECT_THAT(subjects_to("ops@platform.test").back(), HasSubstr("edge west is not heard of"));

    platform.states[0].ok = true;
    must([now = clock.now() + minutes(30)](store::Transaction& tx) {
        return tx.edges.put({.id = "edge_1",
                             .name = "west",
                             .group = "default",
                             .version = "1",
                             .revision = 2,
                             .seen_at = now});
    });
    pass(minutes(30));
    pass(options.gather);
    EXPECT_THAT(open_alerts(), IsEmpty());
    EXPECT_THAT(subjects_to("help@platform.test"), IsEmpty());
}

TEST_P(AlertEngine, SaysWhyAnAlertEndsThatWasNotMended)
{
    const auto change = [&](const model::Endpoint& endpoint, auto edit) {
        must([endpoint, edit](store::Transaction& tx) -> base::Result<> {
            TRY(stored, tx.endpoints.get(endpoint.id));
            edit(stored);
            return tx.endpoints.update(stored);
        });
        event(endpoint, "endpoint.updated");
    };
    must([](store::Transaction& tx) {
        model::Tenant globex;
        globex.id = "globex";
        globex.name = "Globex";
        return tx.tenants.put(globex);
    });
    const auto removed = add_endpoint("removed.acme.test");
    const auto held = add_endpoint("held.acme.test");
    const auto moved = add_endpoint("moved.acme.test");
    for (const auto& each : {removed, held, moved}) {
        fail_renewal(each, customer_problem);
    }
    settle();
    pass(options.gather);
    ASSERT_THAT(subjects_to("admin@acme.test"), SizeIs(3));

    change(removed, [](model::Endpoint& e) { e.status.state = model::EndpointState::deleting; });
    change(held, [](model::Endpoint& e) { e.status.state = model::EndpointState::suspended; });
    change(moved, [](model::Endpoint& e) { e.tenant = "globex"; });
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("admin@acme.test"),
                ::testing::IsSupersetOf({HasSubstr("] Removed: removed.acme.test"),
                                         HasSubstr("] Suspended: held.acme.test"),
                                         HasSubstr("] Handed over: moved.acme.test")}));
    EXPECT_THAT(subjects_to("admin@acme.test"), Not(::testing::Contains(HasSubstr("Resolved"))));
    ASSERT_THAT(open_alerts(), SizeIs(1)) << "what is wrong is the new tenant's now";
    EXPECT_EQ(open_alerts()[0].tenant, "globex");
}

TEST_P(AlertEngine, ClosesAlertsAboutWhatIsThereNoMore)
{
    must([now = clock.now()](store::Transaction& tx) -> base::Result<> {
        for (const auto& [rule, subject] :
             {std::pair("edge_unreachable", "edge_gone"), std::pair("account_invalid", "ca_gone")}) {
            model::Alert alert;
            alert.id = std::string("alr_") + subject;
            alert.rule = rule;
            alert.subject = subject;
            alert.name = subject;
            alert.problem = testing::platform_problem;
            alert.opened_at = now;
            alert.notified_at = now;
            CHECKED(tx.alerts.insert(alert));
        }
        return {};
    });
    settle();
    EXPECT_THAT(open_alerts(), IsEmpty());
    pass(options.gather);
    EXPECT_THAT(subjects_to("ops@platform.test"),
                ::testing::UnorderedElementsAre(HasSubstr("] Removed: edge edge_gone"),
                                                HasSubstr("] Removed: CA account ca_gone")));
}

TEST_P(AlertEngine, TellsSubscribersOfEvents)
{
    add_channel(model::ChannelKind::webhook, "https://hook.acme.test/x", "acme", model::Audience::operators,
                {"certificate.*"});
    const auto shop = add_endpoint("shop.acme.test");
    event(shop, "certificate.renewal.failed");
    event(shop, "certificate.renewal.failed");
    event(shop, "endpoint.dns_ok");
    event(add_endpoint("other.test", hours(1), "default"), "certificate.renewed");
    settle();

    std::vector<std::string> types;
    for (const auto& each : tenants_web.requests) {
        types.emplace_back(boost::json::parse(each.body).at("type").as_string());
        EXPECT_TRUE(each.headers.contains("webhook-signature"));
    }
    EXPECT_THAT(types, ElementsAre("certificate.issued", "certificate.renewal.failed"));
    EXPECT_THAT(operators_web.requests, IsEmpty());
}

TEST_P(AlertEngine, GoesOnWhereItStoppedOnAnotherNode)
{
    fail_renewal(add_endpoint("shop.acme.test"), customer_problem);
    settle();
    Options other_options = options;
    other_options.node = "node_2";
    Engine other(loop.get_executor(), *store, clock, platform, carriers, other_options);
    EXPECT_FALSE(test::run(loop, other.round()).value()) << "the first node holds the lease";

    must([](store::Transaction& tx) -> base::Result<> {
        TRY(lease, tx.leases.acquire("alerts", "node_1", std::chrono::seconds(30)));
        return tx.leases.release(*lease);
    });
    clock.advance(options.gather);
    EXPECT_TRUE(test::run(loop, other.round()).value());
    test::run(loop, other.courier().join());
    EXPECT_THAT(subjects_to("admin@acme.test"), SizeIs(1));
    EXPECT_FALSE(test::run(loop, engine.round()).value());
}

std::string engine_name(const ::testing::TestParamInfo<std::string>& info)
{
    return info.param;
}

INSTANTIATE_TEST_SUITE_P(Engines, AlertEngine, ::testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace alerts
