#include "store/testing/store_fixture.h"

#include <map>
#include <set>

namespace store {

namespace {

using std::chrono::seconds;

class OrdersOnStore : public StoreTest {
protected:
    void insert_order(const model::Order& made)
    {
        auto done = write([&](Transaction& tx) { return tx.orders.insert(made); });
        ASSERT_TRUE(done) << done.error().message();
    }
    std::vector<model::Order> claim(const std::string& node, std::size_t limit,
                                    seconds duration = seconds(60))
    {
        return write([&](Transaction& tx) { return tx.orders.claim(node, duration, limit); }).value();
    }
    base::Result<> save(const model::Order& made)
    {
        return write([&](Transaction& tx) { return tx.orders.save(made); });
    }
};

TEST_P(OrdersOnStore, ComesBackWithEveryField)
{
    auto made = order("a", "ep_a");
    made.queue_class = model::QueueClass::renewal;
    made.key_type = model::KeyType::rsa_2048;
    made.profile = "shortlived";
    made.replaces = "crt_1";
    made.status = model::OrderStatus::proving;
    made.challenge = model::ChallengeType::dns_01;
    made.csr_der = {0, 1, 255};
    made.sealed_key = {9};
    made.order_url = "https://ca.test/o";
    made.finalize_url = "https://ca.test/f";
    made.certificate_url = "https://ca.test/c";
    made.certificate = "crt_2";
    made.reservation = "res_1";
    made.attempt = 3;
    made.problem = {.code = "x", .message = "m", .actor = model::Actor::ca, .fix = "wait"};
    made.forced = true;
    made.updated_at = test_start;
    insert_order(made);

    const auto got = read([](Transaction& tx) { return tx.orders.get("ord_a"); }).value();

    EXPECT_EQ(got.queue_class, made.queue_class);
    EXPECT_EQ(got.identifiers, made.identifiers);
    EXPECT_EQ(got.key_type, made.key_type);
    EXPECT_EQ(got.profile, made.profile);
    EXPECT_EQ(got.replaces, made.replaces);
    EXPECT_EQ(got.status, made.status);
    EXPECT_EQ(got.challenge, made.challenge);
    EXPECT_EQ(got.csr_der, made.csr_der);
    EXPECT_EQ(got.sealed_key, made.sealed_key);
    EXPECT_EQ(got.certificate_url, made.certificate_url);
    EXPECT_EQ(got.reservation, made.reservation);
    EXPECT_EQ(got.attempt, 3);
    EXPECT_EQ(got.problem, made.problem);
    EXPECT_TRUE(got.forced);
    EXPECT_EQ(got.next_action_at, made.next_action_at);
    EXPECT_EQ(got.updated_at, made.updated_at);
    EXPECT_EQ(got.fence, 0);
}

TEST_P(OrdersOnStore, ClaimsDueOnesByClassThenLongestDue)
{
    const auto with = [](const std::string& key, model::QueueClass queue_class, int due) {
        auto made = order(key, "ep_" + key);
        made.queue_class = queue_class;
        made.next_action_at += seconds(due);
        return made;
    };
    insert_order(with("bulk", model::QueueClass::bulk, 0));
    insert_order(with("late", model::QueueClass::interactive, 2));
    insert_order(with("early", model::QueueClass::interactive, 1));
    insert_order(with("urgent", model::QueueClass::urgent, 3));
    auto done = with("done", model::QueueClass::urgent, 0);
    done.status = model::OrderStatus::deployed;
    insert_order(done);
    auto future = with("future", model::QueueClass::urgent, 0);
    future.next_action_at = test_start + std::chrono::years(100);
    insert_order(future);

    const auto first = claim("node1", 3);
    const auto rest = claim("node2", 10);

    ASSERT_EQ(first.size(), 3U);
    EXPECT_EQ(first[0].id, "ord_urgent");
    EXPECT_EQ(first[1].id, "ord_early");
    EXPECT_EQ(first[2].id, "ord_late");
    EXPECT_EQ(first[0].fence, 1);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, "ord_bulk");
    EXPECT_EQ(*read([](Transaction& tx) { return tx.orders.next_due(); }).value(), future.next_action_at);
}

std::vector<std::string> ids_of(const std::vector<model::Order>& orders)
{
    std::vector<std::string> ids;
    for (const auto& each : orders) {
        ids.push_back(each.id);
    }
    return ids;
}

model::Order of_tenant(const std::string& key, const std::string& tenant,
                       model::QueueClass queue_class = model::QueueClass::interactive)
{
    auto made = order(key, "ep_" + key);
    made.tenant = tenant;
    made.queue_class = queue_class;
    return made;
}

TEST_P(OrdersOnStore, TenantsTakeTurns)
{
    for (int i = 0; i < 50; ++i) {
        insert_order(of_tenant("big" + std::to_string(10 + i), "big"));
    }
    for (int i = 0; i < 3; ++i) {
        auto late = of_tenant("small" + std::to_string(i), "small");
        late.next_action_at += seconds(30);
        insert_order(late);
    }
    clock.advance(seconds(60));

    EXPECT_EQ(ids_of(claim("node", 4)),
              (std::vector<std::string>{"ord_big10", "ord_small0", "ord_big11", "ord_small1"}));
    EXPECT_EQ(ids_of(claim("node", 1)), std::vector<std::string>{"ord_big12"});
    EXPECT_EQ(ids_of(claim("node", 3)), (std::vector<std::string>{"ord_small2", "ord_big13", "ord_big14"}));
}

// What the issue promises: 10,000 broken names of one tenant do not delay another's ten.
TEST_P(OrdersOnStore, TenThousandBrokenNamesDelayNobodyElse)
{
    const int broken = on_postgres() ? 2'000 : 10'000;
    const auto insert_all = [&](const std::string& tenant, int count) {
        ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
            for (int i = 0; i < count; ++i) {
                CHECKED(tx.orders.insert(of_tenant(tenant + std::to_string(i), tenant)));
            }
            return {};
        }));
    };
    const auto rounds_until_good = [&] {
        int rounds = 0;
        for (std::size_t good = 0; good < 10; ++rounds) {
            for (const auto& each : claim("node", 32)) {
                good += each.tenant == "good" ? 1 : 0;
            }
        }
        return rounds;
    };
    insert_all("good", 10);
    const int alone = rounds_until_good();
    insert_all("broken", broken);
    static_cast<void>(claim("node", 32));
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        for (int i = 0; i < 10; ++i) {
            CHECKED(tx.orders.insert(of_tenant("new" + std::to_string(i), "good")));
        }
        return {};
    }));

    EXPECT_EQ(rounds_until_good(), alone);
}

TEST_P(OrdersOnStore, ClassesShareAndHigherOnesHaveMore)
{
    using enum model::QueueClass;
    for (const auto queue_class : {urgent, renewal, interactive, bulk}) {
        for (int i = 0; i < 60; ++i) {
            insert_order(of_tenant(std::to_string(static_cast<int>(queue_class)) + "_" + std::to_string(i),
                                   "t", queue_class));
        }
    }
    std::map<model::QueueClass, int> started;
    for (int i = 0; i < 15; ++i) {
        for (const auto& each : claim("node", 2)) {
            ++started[each.queue_class];
        }
    }
    EXPECT_NEAR(started[urgent], 16, 1);
    EXPECT_NEAR(started[renewal], 8, 1);
    EXPECT_NEAR(started[interactive], 4, 1);
    EXPECT_NEAR(started[bulk], 2, 1);
}

TEST_P(OrdersOnStore, AClassThatWasIdleDoesNotCatchUp)
{
    using enum model::QueueClass;
    for (int i = 0; i < 60; ++i) {
        insert_order(of_tenant("i" + std::to_string(i), "t", interactive));
    }
    static_cast<void>(claim("node", 40));
    for (int i = 0; i < 20; ++i) {
        insert_order(of_tenant("r" + std::to_string(i), "t", renewal));
    }
    int renewals = 0;
    for (const auto& each : claim("node", 12)) {
        renewals += each.queue_class == renewal ? 1 : 0;
    }
    EXPECT_NEAR(renewals, 8, 1);
}

TEST_P(OrdersOnStore, FullQueuesAreLeftOut)
{
    using enum model::QueueClass;
    for (const auto* tenant : {"a", "b"}) {
        insert_order(of_tenant("i" + std::string(tenant), tenant, interactive));
        insert_order(of_tenant("k" + std::string(tenant), tenant, bulk));
    }
    const auto got = write([&](Transaction& tx) {
        Shares shares;
        shares.most = 1;
        shares.running = {{Queue{interactive, "a"}, 1}, {Queue{bulk, ""}, 1}};
        return tx.orders.claim("node", seconds(60), 10, shares);
    });
    EXPECT_EQ(ids_of(got.value()), std::vector<std::string>{"ord_ib"});
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.next_waiting(); }).value(), std::nullopt);
    EXPECT_TRUE(read([](Transaction& tx) { return tx.orders.next_due(); }).value());
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.backlog(bulk, 10); }).value(), 2U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.backlog(bulk, 1); }).value(), 1U);
    EXPECT_EQ(claim("node", 10).size(), 3U);
}

TEST_P(OrdersOnStore, AHolderWhoseLeaseWasTakenCannotSave)
{
    insert_order(order("a", "ep_a"));
    auto lost = claim("node1", 1, seconds(0)).at(0);  // Ended at once.
    auto held = claim("node2", 1).at(0);

    lost.attempt = 1;
    held.attempt = 2;
    EXPECT_GT(held.fence, lost.fence);
    EXPECT_EQ(save(lost).error().kind(), base::Errc::conflict);
    EXPECT_EQ(save(lost).error().code(), "lease_lost");
    EXPECT_FALSE(write([&](Transaction& tx) { return tx.orders.extend(lost, seconds(60)); }));
    EXPECT_FALSE(write([&](Transaction& tx) { return tx.orders.release(lost); }));
    EXPECT_TRUE(save(held));
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.get("ord_a"); })->attempt, 2);
    auto unknown = order("b", "ep_b");
    EXPECT_EQ(save(unknown).error().kind(), base::Errc::not_found);
}

TEST_P(OrdersOnStore, ExtendingKeepsAndReleasingFreesTheLease)
{
    insert_order(order("a", "ep_a"));
    auto held = claim("node1", 1, seconds(0)).at(0);
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.orders.extend(held, seconds(60)); }));
    EXPECT_TRUE(claim("node2", 1).empty());
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.next_due(); }).value(), std::nullopt);

    ASSERT_TRUE(write([&](Transaction& tx) { return tx.orders.release(held); }));
    const auto again = claim("node2", 1);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].fence, held.fence + 1);
}

TEST_P(OrdersOnStore, AFinishedOneIsNeverClaimedAgain)
{
    insert_order(order("a", "ep_a"));
    auto held = claim("node1", 1).at(0);
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.unfinished_of("ep_a"); }).value()->id, "ord_a");

    held.status = model::OrderStatus::failed;
    ASSERT_TRUE(save(held));
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.orders.release(held); }));

    EXPECT_TRUE(claim("node2", 1).empty());
    EXPECT_FALSE(read([](Transaction& tx) { return tx.orders.unfinished_of("ep_a"); }).value());
    EXPECT_EQ(read([](Transaction& tx) { return tx.orders.of_endpoint("ep_a", 10); })->size(), 1U);
    insert_order(order("b", "ep_b"));
    EXPECT_THAT(read([](Transaction& tx) { return tx.orders.count_by_status(); }).value(),
                testing::ElementsAre(std::pair(model::OrderStatus::queued, 1)));
}

boost::asio::awaitable<void> claim_all(Store& store, std::string node, std::vector<std::string>& taken)
{
    for (std::size_t got = 1; got > 0;) {
        auto orders =
            co_await store.write([node](Transaction& tx) { return tx.orders.claim(node, seconds(60), 3); });
        got = orders.value().size();
        for (const auto& each : *orders) {
            taken.push_back(each.id);
        }
    }
}

TEST_P(OrdersOnStore, TwoNodesClaimWithoutOverlap)
{
    for (int i = 0; i < 100; ++i) {
        insert_order(order(std::to_string(i), "ep_" + std::to_string(i)));
    }
    std::unique_ptr<Store> second = on_postgres() ? open().value() : nullptr;
    std::vector<std::string> taken;
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(claim_all(*store, "node1", taken));
    tasks.push_back(claim_all(second ? *second : *store, "node2", taken));
    test::run(loop, together(std::move(tasks)));

    EXPECT_EQ(taken.size(), 100U);
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 100U);
}

TEST_P(OrdersOnStore, ARenewalIsDueUntilAnOrderReplacesTheCertificate)
{
    const auto due_ids = [&] {
        std::vector<std::string> ids;
        for (const auto& each :
             read([](Transaction& tx) { return tx.certificates.due_renewals(test_start, 10); }).value()) {
            ids.push_back(each.id);
        }
        return ids;
    };
    const auto with = [](const std::string& key, std::optional<base::Time> renew_at) {
        auto made = certificate(key, "ep_" + key);
        made.renew_at = renew_at;
        return made;
    };
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.certificates.insert(with("second", test_start)));
        CHECKED(tx.certificates.insert(with("first", test_start - seconds(1))));
        CHECKED(tx.certificates.insert(with("later", test_start + seconds(1))));
        CHECKED(tx.certificates.insert(with("never", std::nullopt)));
        auto revoked = with("revoked", test_start);
        revoked.state = model::CertificateState::revoked;
        return tx.certificates.insert(revoked);
    }));
    EXPECT_EQ(due_ids(), (std::vector<std::string>{"crt_first", "crt_second"}));

    auto renewal = order("r", "ep_first");
    renewal.replaces = "crt_first";
    insert_order(renewal);
    EXPECT_EQ(due_ids(), (std::vector<std::string>{"crt_second"}));
    renewal.status = model::OrderStatus::failed;
    ASSERT_TRUE(save(renewal));
    EXPECT_EQ(due_ids(), (std::vector<std::string>{"crt_first", "crt_second"}));
}

TEST_P(OrdersOnStore, ARenewalThatCannotBeOrderedNowIsNotAmongTheDueOnes)
{
    auto suspended = endpoint("s", {"s.example.com"});
    suspended.status.state = model::EndpointState::suspended;
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(suspended));
        for (const auto* key : {"s", "waiting", "other_type", "free"}) {
            auto made = certificate(key, "ep_" + std::string(key));
            made.key_type = model::KeyType::ecdsa_p256;
            made.renew_at = test_start;
            CHECKED(tx.certificates.insert(made));
        }
        return {};
    }));
    auto first = order("w", "ep_waiting");
    first.key_type = model::KeyType::ecdsa_p256;
    insert_order(first);
    auto other = order("o", "ep_other_type");
    other.key_type = model::KeyType::rsa_2048;
    insert_order(other);

    std::vector<std::string> due;
    for (const auto& each :
         read([](Transaction& tx) { return tx.certificates.due_renewals(test_start, 10); }).value()) {
        due.push_back(each.id);
    }
    EXPECT_EQ(due, (std::vector<std::string>{"crt_free", "crt_other_type"}));
}

ON_BOTH_ENGINES(OrdersOnStore);

}  // namespace

}  // namespace store
