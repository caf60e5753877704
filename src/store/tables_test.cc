#include "store/testing/store_fixture.h"

namespace store {

namespace {

using std::chrono::seconds;

class TablesOnStore : public StoreTest {};

TEST_P(TablesOnStore, KeepTenantsAndTokens)
{
    model::Token token{.id = "tok_1",
                       .tenant = "default",
                       .name = "ci",
                       .secret_hash = "abc",
                       .scopes = {"read", "edge:west"},
                       .created_at = test_start,
                       .expires_at = test_start + seconds(10),
                       .revoked_at = std::nullopt};
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.tokens.put(token); }));
    const auto find = [&](base::Time now) {
        return read([&](Transaction& tx) { return tx.tokens.find("abc", now); });
    };

    EXPECT_TRUE(read([](Transaction& tx) { return tx.tenants.get("default"); }));
    EXPECT_EQ(find(test_start)->scopes, token.scopes);
    EXPECT_EQ(find(test_start + seconds(10)).error().kind(), base::Errc::not_found);
    EXPECT_EQ(read([](Transaction& tx) { return tx.tokens.list("default"); })->size(), 1U);
    ASSERT_TRUE(write([](Transaction& tx) { return tx.tokens.revoke("tok_1", test_start); }));
    EXPECT_EQ(find(test_start).error().kind(), base::Errc::not_found);
    EXPECT_FALSE(write([](Transaction& tx) { return tx.tokens.revoke("tok_2", test_start); }));
}

TEST_P(TablesOnStore, KeepCertificatesWithTheirSealedKeys)
{
    auto made = certificate("a", "ep_a");
    made.sealed_key = {0, 39, 92, 255, 10};
    made.source = model::CertificateSource::uploaded;
    made.not_after = test_start + std::chrono::days(90);
    made.renew_at = test_start + std::chrono::days(60);
    made.sha256 = "00ff";
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.certificates.insert(made));
        auto newer = certificate("b", "ep_a");
        newer.created_at += seconds(1);
        CHECKED(tx.certificates.insert(newer));
        return tx.certificates.insert(certificate("p", ""));
    }));

    const auto got = read([](Transaction& tx) { return tx.certificates.get("crt_a"); }).value();
    EXPECT_EQ(got.sealed_key, made.sealed_key);
    EXPECT_EQ(got.source, made.source);
    EXPECT_EQ(got.not_after, made.not_after);
    EXPECT_EQ(got.renew_at, made.renew_at);
    EXPECT_EQ(got.identifiers, made.identifiers);
    const auto live = read([](Transaction& tx) { return tx.certificates.of_endpoint("ep_a"); }).value();
    ASSERT_EQ(live.size(), 2U);
    EXPECT_EQ(live[0].id, "crt_b");
    EXPECT_EQ(read([](Transaction& tx) { return tx.certificates.of_endpoint(""); })->size(), 1U);

    made.state = model::CertificateState::superseded;
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.certificates.update(made); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.certificates.of_endpoint("ep_a"); })->size(), 1U);
    auto page = read([](Transaction& tx) { return tx.certificates.list("default", "", 2); }).value();
    ASSERT_EQ(page.items.size(), 2U);
    auto last = read([&](Transaction& tx) { return tx.certificates.list("default", page.next, 2); }).value();
    ASSERT_EQ(last.items.size(), 1U);
    EXPECT_EQ(last.next, "");
}

TEST_P(TablesOnStore, TellTheFactsOfACertificateWithoutItsChain)
{
    auto made = certificate("a", "ep_a");
    made.chain_pem = "chain";
    made.sealed_key = {1, 2};
    made.account = "ca_1";
    const auto later = test_start + std::chrono::days(60);
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.certificates.insert(made));
        return tx.certificates.renew_at("crt_a", later);
    }));

    const auto facts = read([](Transaction& tx) { return tx.certificates.facts("crt_a"); }).value();
    EXPECT_EQ(facts.identifiers, made.identifiers);
    EXPECT_EQ(facts.account, "ca_1");
    EXPECT_EQ(facts.renew_at, later);
    EXPECT_EQ(facts.chain_pem, "");
    EXPECT_TRUE(facts.sealed_key.empty());
    EXPECT_EQ(read([](Transaction& tx) { return tx.certificates.get("crt_a"); })->chain_pem, "chain");
    EXPECT_EQ(write([&](Transaction& tx) { return tx.certificates.renew_at("crt_b", later); }).error().kind(),
              base::Errc::not_found);
}

TEST_P(TablesOnStore, HaveOneDefaultCaAccount)
{
    EXPECT_EQ(read([](Transaction& tx) { return tx.accounts.default_account(); }).error().kind(),
              base::Errc::not_found);
    model::CaAccount first{.id = "ca_1",
                           .name = "one",
                           .directory_url = "https://ca.test/dir",
                           .account_url = "",
                           .contacts = {"mailto:a@example.com"},
                           .sealed_key = {1},
                           .thumbprint = "t",
                           .eab_kid = "kid",
                           .sealed_eab_key = {2},
                           .is_default = true,
                           .trusted = false,
                           .fallback = 2,
                           .profile = "tlsserver",
                           .preferred_issuer = "Root",
                           .key_types = {model::KeyType::rsa_2048},
                           .caa_identities = {"ca.test"},
                           .profiles = {"tlsserver"},
                           .problem = {},
                           .rotation = model::KeyRotation::changing,
                           .sealed_next_key = {3},
                           .next_thumbprint = "n"};
    auto second = first;
    second.id = "ca_2";
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.accounts.put(first); }));
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.accounts.put(second); }));

    EXPECT_EQ(read([](Transaction& tx) { return tx.accounts.default_account(); })->id, "ca_2");
    const auto got = read([](Transaction& tx) { return tx.accounts.get("ca_1"); }).value();
    EXPECT_FALSE(got.is_default);
    EXPECT_EQ(got.contacts, first.contacts);
    EXPECT_EQ(got.sealed_eab_key, first.sealed_eab_key);
    EXPECT_FALSE(got.trusted);
    EXPECT_EQ(got.key_types, first.key_types);
    EXPECT_EQ(got.caa_identities, first.caa_identities);
    EXPECT_EQ(got.rotation, model::KeyRotation::changing);
    EXPECT_EQ(got.sealed_next_key, first.sealed_next_key);
    EXPECT_EQ(read([](Transaction& tx) { return tx.accounts.list(); })->size(), 2U);
}

TEST_P(TablesOnStore, FindTheAccountsOfAPolicy)
{
    for (const auto& [id, fallback] : {std::pair("ca_a", 0), std::pair("ca_b", 2), std::pair("ca_c", 1),
                                       std::pair("ca_d", 0), std::pair("ca_e", 3)}) {
        model::CaAccount account;
        account.id = id;
        account.name = std::string("name-") + id[3];
        account.is_default = account.id == "ca_a";
        account.fallback = fallback;
        account.deactivated = account.id == "ca_e";
        ASSERT_TRUE(write([&](Transaction& tx) { return tx.accounts.put(account); }));
    }
    const auto policy = [&](std::vector<std::string> names) {
        std::string ids;
        for (const auto& each : read([&](Transaction& tx) { return tx.accounts.of_policy(names); }).value()) {
            ids += each.id[3];
        }
        return ids;
    };

    EXPECT_EQ(policy({}), "acb");
    EXPECT_EQ(policy({"name-d", "default", "name-d"}), "da");
    EXPECT_EQ(policy({"name-e", "nobody"}), "acb");
}

TEST_P(TablesOnStore, KeepRevocationsUntilTheyAreDone)
{
    model::Revocation revocation;
    revocation.certificate = "crt_1";
    revocation.endpoint = "ep_1";
    revocation.reason = 4;
    revocation.requested_at = test_start;
    revocation.next_action_at = test_start;
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.revocations.put(revocation); }));

    EXPECT_EQ(read([](Transaction& tx) { return tx.revocations.due(test_start, 10); })->size(), 1U);
    revocation.next_action_at.reset();
    revocation.revoked_at = test_start;
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.revocations.put(revocation); }));
    EXPECT_TRUE(read([](Transaction& tx) { return tx.revocations.due(test_start, 10); })->empty());
    const auto got = read([](Transaction& tx) { return tx.revocations.newest_of_endpoint("ep_1"); }).value();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->reason, 4);
    EXPECT_EQ(got->revoked_at, test_start);
}

TEST_P(TablesOnStore, KeepChallengesUntilTheyAreRemoved)
{
    const model::ChallengeTxt one{"a.acme.test", "one", "ord_1", test_start};
    const model::ChallengeTxt two{"a.acme.test", "two", "ord_2", test_start};
    const model::ChallengeToken token{"tk", "tp", "ord_1", test_start, "a.test"};
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.challenges.add_txt(one));
        CHECKED(tx.challenges.add_txt(one));
        CHECKED(tx.challenges.add_txt(two));
        return tx.challenges.add_token(token);
    }));

    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.txt_of("a.acme.test"); }).value(),
              (std::vector{one, two}));
    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.txt_of_order("ord_1"); }).value(),
              std::vector{one});
    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.tokens_of_order("ord_1"); }).value(),
              std::vector{token});
    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.token("tk"); }).value(), token);
    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.count(); }), 3);
    ASSERT_TRUE(write([](Transaction& tx) -> base::Result<> {
        CHECKED(tx.challenges.remove_txt("a.acme.test", "one"));
        return tx.challenges.remove_token("tk");
    }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.challenges.count(); }), 1);
}

TEST_P(TablesOnStore, ALeaseHasOneHolderAndAGrowingFence)
{
    const auto acquire = [&](const std::string& node, seconds duration = seconds(60)) {
        return write([&](Transaction& tx) { return tx.leases.acquire("planner", node, duration); }).value();
    };
    const auto check = [&](const model::Lease& lease) {
        return write([&](Transaction& tx) { return tx.leases.check(lease); });
    };
    const auto first = acquire("node1");
    ASSERT_TRUE(first);
    EXPECT_FALSE(acquire("node2"));
    EXPECT_EQ(acquire("node1")->fence, first->fence);
    EXPECT_TRUE(check(*first));

    ASSERT_TRUE(write([&](Transaction& tx) { return tx.leases.release(*first); }));
    EXPECT_EQ(check(*first).error().code(), "lease_lost");
    const auto ended = acquire("node2", seconds(0));
    ASSERT_TRUE(ended);
    EXPECT_GT(ended->fence, first->fence);
    EXPECT_EQ(check(*ended).error().kind(), base::Errc::conflict);
    const auto third = acquire("node1");
    ASSERT_TRUE(third);
    EXPECT_GT(third->fence, ended->fence);
    ASSERT_TRUE(
        write([&](Transaction& tx) { return tx.leases.release(*ended); }));  // Too late: changes nothing.
    EXPECT_TRUE(check(*third));
}

boost::asio::awaitable<void> spend(Store& store, int count)
{
    for (int i = 0; i < count; ++i) {
        auto done = co_await store.write([](Transaction& tx) -> base::Result<> {
            TRY(found, tx.budgets.get("ca_1/new_orders"));
            auto bucket = found.value_or(model::Bucket{});
            bucket.key = "ca_1/new_orders";
            bucket.capacity = 100;
            bucket.level -= 0.5;
            return tx.budgets.put(bucket);
        });
        EXPECT_TRUE(done);
    }
}

TEST_P(TablesOnStore, NoSpendingOfABudgetIsLostBetweenNodes)
{
    std::unique_ptr<Store> second = on_postgres() ? open().value() : nullptr;
    std::vector<boost::asio::awaitable<void>> tasks;
    for (int i = 0; i < 8; ++i) {
        tasks.push_back(spend(second && i % 2 == 0 ? *second : *store, 10));
    }
    test::run(loop, together(std::move(tasks)));

    EXPECT_DOUBLE_EQ(read([](Transaction& tx) { return tx.budgets.get("ca_1/new_orders"); }).value()->level,
                     -40.0);
}

TEST_P(TablesOnStore, KeepBucketsAndReservations)
{
    const model::Bucket bucket{.key = "k",
                               .capacity = 1.25,
                               .period_ms = 7,
                               .level = -0.75,
                               .updated_at = test_start,
                               .blocked_until = test_start};
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.budgets.put(bucket));
        return tx.budgets.put_reservation({.id = "res_1", .buckets = {"k", "l"}, .created_at = test_start});
    }));

    const auto got = read([](Transaction& tx) { return tx.budgets.list(); }).value().at(0);
    EXPECT_EQ(got.capacity, 1.25);
    EXPECT_EQ(got.level, -0.75);
    EXPECT_EQ(got.blocked_until, bucket.blocked_until);
    EXPECT_EQ(read([](Transaction& tx) { return tx.budgets.reservation("res_1"); }).value()->buckets,
              (std::vector<std::string>{"k", "l"}));
    ASSERT_TRUE(write([](Transaction& tx) { return tx.budgets.remove_reservation("res_1"); }));
    EXPECT_FALSE(read([](Transaction& tx) { return tx.budgets.reservation("res_1"); }).value());
}

TEST_P(TablesOnStore, NumberEventsInCommitOrder)
{
    const auto event = [](const std::string& tenant, const std::string& subject) {
        return model::Event{.tenant = tenant,
                            .subject = subject,
                            .type = "certificate.issued",
                            .message = "m",
                            .data = {{"name", "a\"b"}},
                            .created_at = test_start};
    };
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.events.append(event("t1", "ep_a")));
        return tx.events.append(event("t2", "ep_b"));
    }));
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.events.append(event("t1", "ep_b")); }));

    const auto all = read([](Transaction& tx) { return tx.events.after(0, "", 10); }).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[2].number, 3);
    EXPECT_EQ(all[0].data.at("name"), "a\"b");
    const auto mine = read([](Transaction& tx) { return tx.events.after(1, "t1", 10); }).value();
    ASSERT_EQ(mine.size(), 1U);
    EXPECT_EQ(mine[0].number, 3);
    EXPECT_EQ(read([](Transaction& tx) { return tx.events.of_subject("ep_b", 1); }).value().at(0).number, 3);
    const auto numbers = [&](const std::string& tenant, std::size_t limit) {
        std::vector<std::int64_t> made;
        for (const auto& each :
             read([&](Transaction& tx) { return tx.events.newest(tenant, limit); }).value()) {
            made.push_back(each.number);
        }
        return made;
    };
    EXPECT_EQ(numbers("", 2), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(numbers("t1", 10), (std::vector<std::int64_t>{1, 3}));
    EXPECT_TRUE(numbers("nobody", 10).empty());
}

TEST_P(TablesOnStore, GiveWhatChallengesHaveExpired)
{
    ASSERT_TRUE(write([](Transaction& tx) -> base::Result<> {
        CHECKED(tx.challenges.add_txt({"a.acme.test", "old", "ord_1", test_start}));
        CHECKED(tx.challenges.add_txt({"a.acme.test", "new", "ord_2", test_start + std::chrono::hours(1)}));
        CHECKED(tx.challenges.add_token({"old", "tp", "ord_1", test_start, ""}));
        return tx.challenges.add_token({"new", "tp", "ord_2", test_start + std::chrono::hours(1), ""});
    }));

    const auto orders = read([](Transaction& tx) { return tx.challenges.expired_orders(test_start, 10); });

    ASSERT_TRUE(orders) << orders.error().message();
    EXPECT_EQ(*orders, std::vector<std::string>{"ord_1"});
}

TEST_P(TablesOnStore, KeepEdgesGroupsZonesAndSettings)
{
    const model::Zone zone{
        .apex = "platform.test",
        .name_servers = {{.name = "ns1.platform.test", .addresses = {"192.0.2.1", "2001:db8::1"}}},
        .hostmaster = "hostmaster.platform.test",
        .group = "west",
        .negative_ttl = 4'000'000'000};
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.edges.put({.id = "edge_1",
                              .name = "e",
                              .group = "west",
                              .version = "1",
                              .revision = 7,
                              .seen_at = test_start}));
        CHECKED(tx.groups.put({.name = "west",
                               .addresses = {"192.0.2.9"},
                               .default_certificate = "crt_1",
                               .thumbprint = "tp"}));
        CHECKED(tx.groups.put_zone(zone));
        CHECKED(tx.settings.put("a", "1"));
        return tx.settings.put("a", "2");
    }));

    EXPECT_EQ(read([](Transaction& tx) { return tx.edges.list(); })->at(0).revision, 7);
    ASSERT_TRUE(write([](Transaction& tx) -> base::Result<> {
        CHECKED(tx.edges.set_certificate("edge_1", test_start + std::chrono::hours(1)));
        CHECKED(tx.edges.remove("edge_1", test_start));
        TRY(edge, tx.edges.get("edge_1"));
        edge.revision = 8;
        return tx.edges.put(edge);
    }));
    EXPECT_TRUE(read([](Transaction& tx) { return tx.edges.list(); })->empty());
    const auto removed = read([](Transaction& tx) { return tx.edges.all(); }).value().at(0);
    EXPECT_EQ(removed.removed_at, test_start) << "a late acknowledgement changes nothing about it";
    EXPECT_EQ(removed.certificate_until, test_start + std::chrono::hours(1));
    EXPECT_EQ(read([](Transaction& tx) { return tx.edges.get("edge_2"); }).error().kind(),
              base::Errc::not_found);
    EXPECT_EQ(read([](Transaction& tx) { return tx.groups.get("west"); })->addresses.at(0), "192.0.2.9");
    EXPECT_EQ(read([](Transaction& tx) { return tx.groups.list(); })->size(), 1U);
    const auto got = read([](Transaction& tx) { return tx.groups.zone("platform.test"); }).value();
    EXPECT_EQ(got.name_servers.at(0).addresses, zone.name_servers[0].addresses);
    EXPECT_EQ(got.negative_ttl, 4'000'000'000U);
    EXPECT_EQ(read([](Transaction& tx) { return tx.groups.zone("other.test"); }).error().kind(),
              base::Errc::not_found);
    EXPECT_EQ(read([](Transaction& tx) { return tx.settings.get("a"); }).value(), "2");
}

ON_BOTH_ENGINES(TablesOnStore);

}  // namespace

}  // namespace store
