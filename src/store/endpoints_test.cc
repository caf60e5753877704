#include "store/testing/store_fixture.h"

namespace store {

namespace {

class EndpointsOnStore : public StoreTest {};

TEST_P(EndpointsOnStore, ComesBackWithEveryField)
{
    auto made = endpoint("a", {"shop.example.com", "*.shop.example.com"});
    made.kind = model::EndpointKind::internal;
    made.ip_filter = {"192.0.2.0/24", "2001:db8::/32"};
    made.filter_at = model::FilterAt::network;
    made.key_types = {model::KeyType::ecdsa_p256, model::KeyType::rsa_2048};
    made.required_records.front().found = {"A 192.0.2.1"};
    made.required_records.front().status = model::RecordStatus::conflict;
    made.required_records.front().alternatives = {{"ALIAS", "a.platform.test"}};
    made.bulk = true;
    made.status = {
        .state = model::EndpointState::action_required,
        .since = test_start,
        .reason = {.code = "dns_not_found",
                   .message = "no \"record\"",
                   .actor = model::Actor::customer,
                   .fix = "create it"},
        .retrying = true,
        .next_attempt_at = test_start + std::chrono::minutes(1),
        .serving = true,
        .conditions = {
            {.type = "DnsRouting",
             .status = model::ConditionStatus::no,
             .problem = {.code = "dns_not_found", .message = "m", .actor = model::Actor::platform, .fix = ""},
             .observed_at = test_start},
            {.type = "Ownership",
             .status = model::ConditionStatus::yes,
             .problem = {},
             .observed_at = test_start}}};
    made.next_check_at = test_start + std::chrono::seconds(5);
    made.checks = 7;
    insert(made);

    auto got = read([](Transaction& tx) { return tx.endpoints.get("ep_a"); });

    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->names, made.names);
    EXPECT_EQ(got->kind, made.kind);
    EXPECT_EQ(got->ip_filter, made.ip_filter);
    EXPECT_EQ(got->filter_at, made.filter_at);
    EXPECT_EQ(got->upstream, made.upstream);
    EXPECT_EQ(got->key_types, made.key_types);
    EXPECT_EQ(got->label, "a");
    EXPECT_EQ(got->required_records, made.required_records);
    EXPECT_EQ(got->status, made.status);
    EXPECT_EQ(got->created_at, made.created_at);
    EXPECT_EQ(got->next_check_at, made.next_check_at);
    EXPECT_EQ(got->checks, 7);
    EXPECT_TRUE(got->vouched);
    EXPECT_TRUE(got->bulk);
    EXPECT_EQ(got->deleted_at, std::nullopt);
}

TEST_P(EndpointsOnStore, FindsALiveOneByNameAndLabel)
{
    insert(endpoint("a", {"shop.example.com", "www.example.com"}));

    auto by_name = read([](Transaction& tx) { return tx.endpoints.find_by_name(name("www.example.com")); });
    auto by_label = read([](Transaction& tx) { return tx.endpoints.find_by_label("a"); });
    auto other = read([](Transaction& tx) { return tx.endpoints.find_by_name(name("example.com")); });

    ASSERT_TRUE(by_name);
    EXPECT_EQ(by_name->id, "ep_a");
    ASSERT_TRUE(by_label);
    EXPECT_EQ(by_label->id, "ep_a");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind(), base::Errc::not_found);
}

TEST_P(EndpointsOnStore, RefusesANameOfAnotherLiveEndpointAndLeavesNothingBehind)
{
    insert(endpoint("a", {"shop.example.com"}));

    // The operation goes on after the refusal, so nothing is undone by a rollback.
    auto refused = write([](Transaction& tx) -> base::Result<std::string> {
        auto done = tx.endpoints.insert(endpoint("b", {"free.example.com", "shop.example.com"}));
        return done ? "" : done.error().code();
    });

    ASSERT_TRUE(refused) << refused.error().message();
    EXPECT_EQ(*refused, "name_in_use");
    EXPECT_FALSE(read([](Transaction& tx) { return tx.endpoints.get("ep_b"); }));
    EXPECT_FALSE(read([](Transaction& tx) { return tx.endpoints.find_by_name(name("free.example.com")); }));
}

TEST_P(EndpointsOnStore, GivesANameToOneOfManyWhoWantItAtOnce)
{
    int won = 0;
    int refused = 0;
    auto want = [](Store& target, int number, int& wins, int& losses) -> boost::asio::awaitable<void> {
        auto wanted = endpoint("e" + std::to_string(number), {"shop.example.com"});
        auto done = co_await target.write([wanted](Transaction& tx) { return tx.endpoints.insert(wanted); });
        wins += done ? 1 : 0;
        losses += !done && done.error().code() == "name_in_use" ? 1 : 0;
    };
    std::vector<boost::asio::awaitable<void>> tasks;
    for (int i = 0; i < 50; ++i) {
        tasks.push_back(want(*store, i, won, refused));
    }
    test::run(loop, together(std::move(tasks)));

    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, 49);
}

TEST_P(EndpointsOnStore, LetsManyTenantsClaimANameAndOneHoldIt)
{
    for (const auto* key : {"a", "b"}) {
        auto claim = endpoint(key, {"shop.example.com", std::string(key) + ".example.com"});
        claim.tenant = std::string("tenant_") + key;
        claim.vouched = false;
        insert(claim);
    }
    const auto shop = name("shop.example.com");
    const auto held = [&](const std::string& id) {
        return write([&](Transaction& tx) { return tx.names.hold(id, shop); }).value();
    };

    EXPECT_EQ(read([&](Transaction& tx) { return tx.names.holder(shop); }).value(), std::nullopt);
    EXPECT_TRUE(held("ep_b"));
    EXPECT_TRUE(held("ep_b"));
    EXPECT_FALSE(held("ep_a"));
    EXPECT_EQ(read([&](Transaction& tx) { return tx.endpoints.find_by_name(shop); })->id, "ep_b");
    EXPECT_EQ(read([&](Transaction& tx) { return tx.endpoints.find_by_name(shop, "tenant_a"); })->id, "ep_a");
    EXPECT_EQ(read([](Transaction& tx) { return tx.names.count("tenant_a", "example.com"); }).value(), 2);

    ASSERT_TRUE(write([&](Transaction& tx) { return tx.names.take_over("ep_a", shop); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.names.held_by("ep_a"); }).value(),
              std::vector<std::string>{"shop.example.com"});
    EXPECT_TRUE(read([](Transaction& tx) { return tx.names.held_by("ep_b"); })->empty());
}

TEST_P(EndpointsOnStore, KeepsATenantFromClaimingANameTwice)
{
    auto first = endpoint("a", {"shop.example.com"});
    first.vouched = false;
    insert(first);
    auto second = endpoint("b", {"shop.example.com"});
    second.vouched = false;

    const auto refused = write([&](Transaction& tx) { return tx.endpoints.insert(second); });

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "name_in_use");
    second.tenant = "another";
    insert(second);
    second.tenant = first.tenant;
    EXPECT_FALSE(write([&](Transaction& tx) { return tx.endpoints.update(second); }));
}

TEST_P(EndpointsOnStore, MovesItsClaimsWithItsTenant)
{
    auto moved = endpoint("a", {"shop.example.com"});
    insert(moved);
    moved.tenant = "another";
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.endpoints.update(moved); }));

    const auto shop = name("shop.example.com");
    EXPECT_TRUE(read([&](Transaction& tx) { return tx.endpoints.find_by_name(shop, "another"); }));
    EXPECT_FALSE(read([&](Transaction& tx) { return tx.endpoints.find_by_name(shop, "default"); }));
    EXPECT_EQ(read([&](Transaction& tx) { return tx.names.holder(shop); }).value(), "ep_a");
}

TEST_P(EndpointsOnStore, LooksAgainAtTheOthersWhoWantAName)
{
    for (const auto* key : {"a", "b", "c"}) {
        auto claim = endpoint(key, {"shop.example.com"});
        claim.tenant = key;
        claim.vouched = false;
        if (std::string_view(key) != "c") {
            claim.next_check_at = test_start + std::chrono::hours(4);
        }
        insert(claim);
    }
    ASSERT_TRUE(write(
        [](Transaction& tx) { return tx.names.check_others("ep_a", name("shop.example.com"), test_start); }));

    const auto due = read([](Transaction& tx) { return tx.endpoints.due_checks(test_start, 10); }).value();
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].id, "ep_b");
}

TEST_P(EndpointsOnStore, DeletingReleasesTheNamesButKeepsRowAndLabel)
{
    auto first = endpoint("a", {"shop.example.com"});
    insert(first);
    first.deleted_at = test_start;
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.endpoints.update(first); }));

    EXPECT_FALSE(read([](Transaction& tx) { return tx.endpoints.find_by_name(name("shop.example.com")); }));
    EXPECT_TRUE(read([](Transaction& tx) { return tx.endpoints.get("ep_a"); }));
    insert(endpoint("b", {"shop.example.com"}));
    auto same_label = endpoint("c", {"other.example.com"});
    same_label.label = "a";
    auto reused = write([&](Transaction& tx) { return tx.endpoints.insert(same_label); });
    ASSERT_FALSE(reused);
    EXPECT_EQ(reused.error().kind(), base::Errc::conflict);
}

TEST_P(EndpointsOnStore, ChangesItsNames)
{
    auto changed = endpoint("a", {"one.example.com", "two.example.com"});
    insert(changed);
    insert(endpoint("b", {"taken.example.com"}));

    changed.names = {name("two.example.com"), name("three.example.com")};
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.endpoints.update(changed); }));
    EXPECT_FALSE(read([](Transaction& tx) { return tx.endpoints.find_by_name(name("one.example.com")); }));
    EXPECT_TRUE(read([](Transaction& tx) { return tx.endpoints.find_by_name(name("three.example.com")); }));

    changed.names = {name("taken.example.com")};
    auto refused = write([&](Transaction& tx) { return tx.endpoints.update(changed); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "name_in_use");
    EXPECT_TRUE(read([](Transaction& tx) { return tx.endpoints.find_by_name(name("three.example.com")); }));

    changed.names = {name("one.example.com")};
    EXPECT_TRUE(write([&](Transaction& tx) { return tx.endpoints.update(changed); }));
    auto unknown =
        write([](Transaction& tx) { return tx.endpoints.update(endpoint("x", {"x.example.com"})); });
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind(), base::Errc::not_found);
}

TEST_P(EndpointsOnStore, ListsPageByPageWithoutGapsOrRepeats)
{
    constexpr int count = 2'500;
    auto filled = write([](Transaction& tx) -> base::Result<> {
        for (int i = 0; i < count; ++i) {
            auto each = endpoint(fmt::format("{:05}", i), {fmt::format("n{}.example.com", i)});
            each.created_at = test_start + std::chrono::milliseconds(i / 10);  // Ten share each instant.
            each.tenant = i % 2 == 0 ? "even" : "odd";
            each.status.state = i % 3 == 0 ? model::EndpointState::active : model::EndpointState::pending_dns;
            CHECKED(tx.endpoints.insert(each));
        }
        return {};
    });
    ASSERT_TRUE(filled) << filled.error().message();

    const auto ids_of = [&](EndpointFilter filter) {
        std::vector<std::string> ids;
        do {
            auto page = read([&](Transaction& tx) { return tx.endpoints.list(filter); }).value();
            for (const auto& each : page.items) {
                ids.push_back(each.id);
            }
            filter.after = page.next;
        } while (!filter.after.empty());
        return ids;
    };
    const auto all = ids_of({.limit = 333});
    EXPECT_EQ(all.size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(std::ranges::is_sorted(all));
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
    EXPECT_EQ(ids_of({.tenant = "odd", .limit = 100}).size(), 1'250U);
    EXPECT_EQ(ids_of({.tenant = "even", .state = model::EndpointState::active, .limit = 100}).size(), 417U);
    EXPECT_EQ(
        ids_of({.text = "N249"}),
        (std::vector<std::string>{"ep_00249", "ep_02490", "ep_02491", "ep_02492", "ep_02493", "ep_02494",
                                  "ep_02495", "ep_02496", "ep_02497", "ep_02498", "ep_02499"}));
    EXPECT_EQ(ids_of({.text = "example.com"}).size(), static_cast<std::size_t>(count));
    auto forged =
        read([](Transaction& tx) { return tx.endpoints.list({.after = "x'; DROP TABLE endpoints"}); });
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().code(), "cursor_invalid");
}

TEST_P(EndpointsOnStore, TreatsPatternCharactersAsText)
{
    insert(endpoint("a", {"a-b.example.com"}));

    EXPECT_TRUE(read([](Transaction& tx) { return tx.endpoints.list({.text = "a_b"}); })->items.empty());
    EXPECT_TRUE(read([](Transaction& tx) { return tx.endpoints.list({.text = "%"}); })->items.empty());
    EXPECT_EQ(read([](Transaction& tx) { return tx.endpoints.list({.text = "A-B"}); })->items.size(), 1U);
}

TEST_P(EndpointsOnStore, GivesDueChecksBySoonest)
{
    const auto at = [](int minutes) { return test_start + std::chrono::minutes(minutes); };
    auto later = endpoint("a", {"a.example.com"});
    later.next_check_at = at(2);
    auto soon = endpoint("b", {"b.example.com"});
    soon.next_check_at = at(1);
    auto not_yet = endpoint("c", {"c.example.com"});
    not_yet.next_check_at = at(9);
    auto gone = endpoint("d", {"d.example.com"});
    gone.next_check_at = at(1);
    gone.deleted_at = at(0);
    for (const auto& each : {later, soon, not_yet, gone, endpoint("e", {"e.example.com"})}) {
        insert(each);
    }

    auto due = read([&](Transaction& tx) { return tx.endpoints.due_checks(at(2), 10); });
    auto first = read([&](Transaction& tx) { return tx.endpoints.due_checks(at(2), 1); });

    ASSERT_EQ(due->size(), 2U);
    EXPECT_EQ(due->at(0).id, "ep_b");
    EXPECT_EQ(due->at(1).id, "ep_a");
    ASSERT_EQ(first->size(), 1U);
    EXPECT_EQ(first->at(0).id, "ep_b");

    for (int i = 0; i < 30; ++i) {
        auto stuck = endpoint(fmt::format("s{:02}", i), {fmt::format("s{}.example.com", i)});
        stuck.tenant = "stuck";
        stuck.next_check_at = at(1) - std::chrono::seconds(100);
        insert(stuck);
    }
    const auto fair = read([&](Transaction& tx) { return tx.endpoints.due_checks(at(2), 5); });
    std::vector<std::string> ids;
    for (const auto& each : *fair) {
        ids.push_back(each.id);
    }
    EXPECT_THAT(ids, testing::ElementsAre("ep_s00", "ep_b", "ep_s01", "ep_a", "ep_s02"))
        << "tenants take turns where more is due than wanted";
    const auto everything = read([&](Transaction& tx) { return tx.endpoints.due_checks(at(2), 100); });
    EXPECT_EQ(everything->at(0).id, "ep_s00");
    EXPECT_EQ(everything->size(), 32U);
}

TEST_P(EndpointsOnStore, CountsLiveOnesByState)
{
    auto active = endpoint("a", {"a.example.com"});
    active.status.state = model::EndpointState::active;
    auto gone = endpoint("b", {"b.example.com"});
    gone.deleted_at = test_start;
    for (const auto& each :
         {active, gone, endpoint("c", {"c.example.com"}), endpoint("d", {"d.example.com"})}) {
        insert(each);
    }

    auto counts = read([](Transaction& tx) { return tx.endpoints.count_by_state(); });

    EXPECT_THAT(*counts, testing::UnorderedElementsAre(std::pair(model::EndpointState::active, 1),
                                                       std::pair(model::EndpointState::pending_dns, 2)));
}

TEST_P(EndpointsOnStore, CountsLiveOnesOfATenant)
{
    auto mine = endpoint("a", {"a.example.com"});
    auto gone = endpoint("b", {"b.example.com"});
    auto foreign = endpoint("c", {"c.example.com"});
    mine.tenant = "t1";
    gone.tenant = "t1";
    gone.deleted_at = test_start;
    foreign.tenant = "t2";
    for (const auto& each : {mine, gone, foreign}) {
        insert(each);
    }

    EXPECT_EQ(read([](Transaction& tx) { return tx.endpoints.count("t1"); }), 1);
    EXPECT_EQ(read([](Transaction& tx) { return tx.endpoints.count("nobody"); }), 0);
}

TEST_P(EndpointsOnStore, CountersFollowEveryChange)
{
    const auto counts = [&] {
        return read([](Transaction& tx) { return tx.endpoints.count_by_state(); }).value();
    };
    auto made = endpoint("a", {"a.example.com"});
    insert(made);
    insert(endpoint("b", {"b.example.com"}));
    made.status.state = model::EndpointState::active;
    made.tenant = "t2";
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.endpoints.update(made); }));
    EXPECT_THAT(counts(), testing::UnorderedElementsAre(std::pair(model::EndpointState::active, 1),
                                                        std::pair(model::EndpointState::pending_dns, 1)));
    EXPECT_EQ(read([](Transaction& tx) { return tx.endpoints.count("t2"); }), 1);

    // What fails is not counted: neither by itself nor when its operation is undone.
    auto twin = endpoint("c", {"b.example.com"});
    EXPECT_FALSE(write([&](Transaction& tx) { return tx.endpoints.insert(twin); }));
    EXPECT_FALSE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(endpoint("d", {"d.example.com"})));
        return base::fail(base::Errc::invalid, "no");
    }));
    made.deleted_at = test_start;
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.update(made));
        return tx.endpoints.update(made);
    }));
    const auto expected = testing::UnorderedElementsAre(std::pair(model::EndpointState::pending_dns, 1));
    EXPECT_THAT(counts(), expected);
    ASSERT_TRUE(write([](Transaction& tx) { return tx.endpoints.recount(); }));
    EXPECT_THAT(counts(), expected);
}

TEST_P(EndpointsOnStore, ACountSeesWhatTheSameBatchHasDone)
{
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(endpoint("a", {"a.example.com"})));
        TRY(count, tx.endpoints.count(endpoint("a", {"a.example.com"}).tenant));
        EXPECT_EQ(count, 1);
        return {};
    }));
}

ON_BOTH_ENGINES(EndpointsOnStore);

}  // namespace

}  // namespace store
