#include "store/testing/store_fixture.h"

namespace store {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

model::Alert alert(const std::string& key, const std::string& subject, const std::string& rule = "expiring")
{
    model::Alert made;
    made.id = "alr_" + key;
    made.tenant = "acme";
    made.rule = rule;
    made.subject = subject;
    made.name = subject + ".test";
    made.severity = model::Severity::critical;
    made.problem = {.code = "dns_not_found", .message = "m\"", .actor = model::Actor::customer, .fix = "f"};
    made.deadline = test_start + hours(48);
    made.opened_at = test_start;
    made.seen_at = test_start;
    made.notify_at = test_start + seconds(30);
    return made;
}

model::Delivery delivery(const std::string& key, const std::string& subject,
                         const std::string& channel = "chn_1")
{
    model::Delivery made;
    made.id = "dlv_" + key;
    made.channel = channel;
    made.subject = subject;
    made.type = "alert.opened";
    made.document = R"({"id":"x"})";
    made.next_attempt_at = test_start;
    made.created_at = test_start;
    return made;
}

class AlertsOnStore : public StoreTest {
protected:
    void add(const model::Alert& each)
    {
        ASSERT_TRUE(write([each](Transaction& tx) { return tx.alerts.insert(each); }));
    }
    void put(const model::Delivery& each)
    {
        ASSERT_TRUE(write([each](Transaction& tx) { return tx.deliveries.add(each); }));
    }
    std::vector<std::string> due(base::Time now = test_start)
    {
        std::vector<std::string> ids;
        for (const auto& each : read([now](Transaction& tx) { return tx.deliveries.due(now, 10); }).value()) {
            ids.push_back(each.id);
        }
        return ids;
    }
    void finish(const std::string& id)
    {
        ASSERT_TRUE(write([id](Transaction& tx) -> base::Result<> {
            TRY(stored, tx.deliveries.get(id));
            stored.state = model::DeliveryState::delivered;
            stored.attempts = 1;
            stored.finished_at = test_start;
            return tx.deliveries.update(stored);
        }));
    }
};

TEST_P(AlertsOnStore, KeepEveryFieldAndOneOpenAlertForARuleAndSubject)
{
    const auto first = alert("1", "ep_a");
    add(first);

    const auto twice = write([](Transaction& tx) { return tx.alerts.insert(alert("2", "ep_a")); });
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind(), base::Errc::conflict);
    add(alert("3", "ep_a", "dns_drift"));
    const auto open = read([](Transaction& tx) { return tx.alerts.open_of("ep_a"); }).value();
    ASSERT_EQ(open.size(), 2U);
    const auto got = read([](Transaction& tx) { return tx.alerts.get("alr_1"); }).value();
    EXPECT_EQ(got.problem, first.problem);
    EXPECT_EQ(got.severity, first.severity);
    EXPECT_EQ(got.deadline, first.deadline);
    EXPECT_EQ(got.notify_at, first.notify_at);
    EXPECT_EQ(got.name, first.name);

    auto over = got;
    over.resolved_at = test_start + hours(1);
    ASSERT_TRUE(write([over](Transaction& tx) { return tx.alerts.update(over); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.last_resolved("expiring", "ep_a"); }).value()->id,
              "alr_1");
    add(alert("4", "ep_a"));  // It may come again.
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.forget(test_start + hours(2)); }).value_or(-1), -1)
        << "a reader changes nothing";
    EXPECT_EQ(write([](Transaction& tx) { return tx.alerts.forget(test_start + hours(2)); }).value(), 1);
    EXPECT_FALSE(read([](Transaction& tx) { return tx.alerts.get("alr_1"); }));
}

TEST_P(AlertsOnStore, ListNewestFirstInPages)
{
    for (int i = 0; i < 5; ++i) {
        auto each = alert(std::to_string(i), "ep_" + std::to_string(i));
        each.opened_at += seconds(i / 2);
        each.tenant = i == 4 ? "globex" : "acme";
        add(each);
    }
    std::vector<std::string> seen;
    AlertFilter filter{.tenant = "acme", .limit = 3};
    do {
        const auto page = read([&](Transaction& tx) { return tx.alerts.list(filter); }).value();
        for (const auto& each : page.items) {
            seen.push_back(each.id);
        }
        filter.after = page.next;
    } while (!filter.after.empty());
    EXPECT_EQ(seen, (std::vector<std::string>{"alr_3", "alr_2", "alr_1", "alr_0"}));
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.list({.rule = "parked"}); })->items.size(), 0U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.list({.subject = "ep_4"}); })->items.size(), 1U);
    const auto counts = read([](Transaction& tx) { return tx.alerts.count_open(); }).value();
    ASSERT_EQ(counts.size(), 1U);
    EXPECT_EQ(counts[0].count, 5);
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.count_open("acme"); })->at(0).count, 4);
}

TEST_P(AlertsOnStore, KnowWhatIsDue)
{
    add(alert("1", "ep_a"));
    add(alert("2", "ep_b"));
    const auto later = test_start + seconds(30);
    EXPECT_TRUE(read([](Transaction& tx) { return tx.alerts.due_notices(test_start, 9); })->empty());
    EXPECT_EQ(read([&](Transaction& tx) { return tx.alerts.due_notices(later, 9); })->size(), 2U);

    ASSERT_TRUE(write([](Transaction& tx) -> base::Result<> {
        CHECKED(tx.alerts.look_at("ep_a", test_start));
        CHECKED(tx.alerts.look_at("ep_b", test_start));
        CHECKED(tx.alerts.look_at("ep_b", test_start + seconds(9)));
        CHECKED(tx.alerts.look_at("ep_c", test_start));
        return tx.alerts.forget_look("ep_c");
    }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.due_looks(test_start, 9); }).value(),
              std::vector<std::string>{"ep_a"});
}

TEST_P(AlertsOnStore, QueueAlertsForNoticesOfTheirReason)
{
    const auto later = test_start + seconds(9);
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.notices.add({"chn_1", "r", "alr_1", "alert.opened", test_start}));
        CHECKED(tx.notices.add({"chn_1", "r", "alr_2", "alert.opened", later}));
        CHECKED(tx.notices.add({"chn_2", "r", "alr_1", "alert.opened", later}));
        CHECKED(tx.notices.add({"chn_1", "r", "alr_2", "alert.reminder", later}));
        return tx.notices.put_burst("chn_1", "r", {test_start, 2});
    }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.due(test_start, 9); })->size(), 1U);
    EXPECT_EQ(read([&](Transaction& tx) { return tx.notices.due(later, 9); })->size(), 3U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.alike("chn_1", "r", 9); })->size(), 2U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.find("chn_1", "alr_2"); }).value()->type,
              "alert.reminder");
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.burst("chn_1", "r"); })->notices, 2);
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.burst("chn_2", "r"); })->notices, 0);
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.notices.remove("chn_1", "alr_1"));
        return tx.notices.forget(later);
    }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.alike("chn_1", "r", 9); })->size(), 1U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.notices.burst("chn_1", "r"); })->notices, 0);
}

TEST_P(AlertsOnStore, KeepSilencesUntilTheirEnd)
{
    ASSERT_TRUE(write([](Transaction& tx) {
        return tx.alerts.put_silence({.id = "sil_1",
                                      .tenant = "acme",
                                      .alert = "",
                                      .subject = "ep_a",
                                      .rule = "",
                                      .until = test_start + hours(1),
                                      .reason = "moving",
                                      .created_at = test_start});
    }));
    const auto lasting = [&](const std::string& tenant, base::Time now) {
        return read([&](Transaction& tx) { return tx.alerts.silences(tenant, now); })->size();
    };
    EXPECT_EQ(lasting("acme", test_start), 1U);
    EXPECT_EQ(lasting("", test_start), 1U);
    EXPECT_EQ(lasting("globex", test_start), 0U);
    EXPECT_EQ(lasting("acme", test_start + hours(1)), 0U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.alerts.silence("sil_1"); }).value()->reason, "moving");
    ASSERT_TRUE(write([](Transaction& tx) { return tx.alerts.remove_silence("sil_1"); }));
    EXPECT_EQ(lasting("acme", test_start), 0U);
}

TEST_P(AlertsOnStore, KeepChannelsWithTheirSecrets)
{
    model::Channel channel{.id = "chn_1",
                           .tenant = "acme",
                           .name = "ops",
                           .kind = model::ChannelKind::webhook,
                           .target = "https://a.test/x",
                           .audience = model::Audience::support,
                           .least = model::Severity::critical,
                           .events = {"alert.*", "certificate.*"},
                           .sealed_secret = {0, 255, 3},
                           .created_at = test_start,
                           .succeeded_at = test_start,
                           .failed_at = std::nullopt,
                           .error = "e",
                           .failures = 2,
                           .tested_at = std::nullopt};
    ASSERT_TRUE(write([channel](Transaction& tx) { return tx.channels.put(channel); }));

    const auto got = read([](Transaction& tx) { return tx.channels.of_tenant("acme"); }).value().at(0);
    EXPECT_EQ(got.kind, channel.kind);
    EXPECT_EQ(got.audience, channel.audience);
    EXPECT_EQ(got.least, channel.least);
    EXPECT_EQ(got.events, channel.events);
    EXPECT_EQ(got.sealed_secret, channel.sealed_secret);
    EXPECT_EQ(got.succeeded_at, channel.succeeded_at);
    EXPECT_EQ(got.failures, 2);
    EXPECT_TRUE(read([](Transaction& tx) { return tx.channels.of_tenant(""); })->empty());
    EXPECT_EQ(read([](Transaction& tx) { return tx.channels.count_failing(); }).value(), 1);
    put(delivery("1", "ep_a"));
    ASSERT_TRUE(write([](Transaction& tx) { return tx.channels.remove("chn_1"); }));
    EXPECT_TRUE(due().empty());
    EXPECT_FALSE(write([](Transaction& tx) { return tx.channels.remove("chn_1"); }));
}

TEST_P(AlertsOnStore, GiveTheDeliveriesOfASubjectOneAfterTheOther)
{
    put(delivery("1", "ep_a"));
    put(delivery("2", "ep_a"));
    put(delivery("3", "ep_b"));
    put(delivery("4", "ep_a", "chn_2"));

    EXPECT_EQ(due(), (std::vector<std::string>{"dlv_1", "dlv_3", "dlv_4"}));
    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.due(test_start, 1); })->size(), 2U);
    finish("dlv_1");
    EXPECT_EQ(due(), (std::vector<std::string>{"dlv_2", "dlv_3", "dlv_4"}));
    finish("dlv_2");
    finish("dlv_3");
    EXPECT_EQ(due(), (std::vector<std::string>{"dlv_4"}));
    put(delivery("5", "ep_a"));
    EXPECT_EQ(due(), (std::vector<std::string>{"dlv_5", "dlv_4"}));

    ASSERT_TRUE(write([](Transaction& tx) { return tx.deliveries.hold("chn_1", test_start + hours(1)); }));
    EXPECT_EQ(due(), (std::vector<std::string>{"dlv_4"}));
    EXPECT_EQ(due(test_start + hours(1)).size(), 2U);
    ASSERT_TRUE(write([](Transaction& tx) { return tx.deliveries.hasten("chn_1", test_start); }));
    EXPECT_EQ(due().size(), 2U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.waiting("chn_1"); }).value(), 1);
    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 2);
    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.newest("chn_1", "ep_a", "alert.opened"); })
                  .value()
                  ->id,
              "dlv_5");
    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.of_channel("chn_1", 2); })->at(0).id, "dlv_5");
    EXPECT_EQ(write([](Transaction& tx) { return tx.deliveries.forget(test_start + hours(1)); }).value(), 3);
}

TEST_P(AlertsOnStore, LoseNoDeliveryWhileOthersFinish)
{
    std::unique_ptr<Store> second = on_postgres() ? open().value() : nullptr;
    std::vector<boost::asio::awaitable<void>> tasks;
    for (int node = 0; node < 2; ++node) {
        auto work = [](Store& each, int number) -> boost::asio::awaitable<void> {
            for (int i = 0; i < 20; ++i) {
                const auto id = std::to_string(number) + "_" + std::to_string(i);
                auto cycle = [id](Transaction& tx) -> base::Result<> {
                    CHECKED(tx.deliveries.add(delivery(id, "ep_a")));
                    TRY(waiting, tx.deliveries.due(test_start, 1));
                    if (waiting.empty()) {
                        return base::fail(base::Errc::internal, "nothing is due");
                    }
                    waiting[0].state = model::DeliveryState::delivered;
                    waiting[0].finished_at = test_start;
                    return tx.deliveries.update(waiting[0]);
                };
                EXPECT_TRUE(co_await each.write(std::move(cycle)));
            }
        };
        tasks.push_back(work(second && node == 1 ? *second : *store, node));
    }
    test::run(loop, together(std::move(tasks)));

    EXPECT_EQ(read([](Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 0);
}

ON_BOTH_ENGINES(AlertsOnStore);

}  // namespace

}  // namespace store
