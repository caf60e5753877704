#include "store/search.h"

#include "store/name_block.h"
#include "store/testing/store_fixture.h"

#include <random>
#include <set>

namespace store {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string next_key(int number)
{
    return fmt::format("{:05}", number);
}

class SearchOnStore : public StoreTest {
protected:
    // Every page of a listing, as ids; no endpoint may come twice.
    std::vector<std::string> ids_of(EndpointFilter filter)
    {
        std::vector<std::string> ids;
        do {
            const auto page = read([&](Transaction& tx) { return tx.endpoints.list(filter); }).value();
            EXPECT_LE(page.items.size(), filter.limit);
            for (const auto& each : page.items) {
                ids.push_back(each.id);
            }
            filter.after = page.next;
        } while (!filter.after.empty());
        EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
        return ids;
    }
    // As if so many lines had come and gone: the end of a block is near.
    void begin_after_line(int line)
    {
        store.reset();
        {
            const auto owner = driver();
            const auto db = owner->open(sql::Access::write).value();
            ASSERT_TRUE(db->run(fmt::format("UPDATE revision_head SET line = {}", line)));
        }
        store = open().value();
    }
    // Endpoints with the numbers from `from` to before `to`, names by `name_of`, every third of them active.
    template <class F>
    void fill(int from, int to, F name_of)
    {
        const auto filled = write([&](Transaction& tx) -> base::Result<> {
            for (int i = from; i < to; ++i) {
                auto each = endpoint(next_key(i), {name_of(i)});
                each.tenant = i % 2 == 0 ? "even" : "odd";
                each.status.state =
                    i % 3 == 0 ? model::EndpointState::active : model::EndpointState::pending_dns;
                CHECKED(tx.endpoints.insert(each));
            }
            return {};
        });
        ASSERT_TRUE(filled) << filled.error().message();
    }
};

TEST_P(SearchOnStore, FindsEveryPartOfEveryNameAndNothingElse)
{
    constexpr int count = 900;
    begin_after_line(3'500);  // 596 lines in a block, and the others after it.
    std::mt19937 dice(7);
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
        std::string label;
        for (int at = 0; at < 7; ++at) {
            label += "abc-01"[at == 0 || at == 6 ? dice() % 3 : dice() % 6];
        }
        names.push_back(fmt::format("{}.s{}.example", label, i));
    }
    fill(0, count, [&](int i) { return names[static_cast<std::size_t>(i)]; });
    const auto expected = [&](const std::string& text, int step, int offset) {
        std::vector<std::string> ids;
        for (int i = offset; i < count; i += step) {
            if (names[static_cast<std::size_t>(i)].contains(text)) {
                ids.push_back("ep_" + next_key(i));
            }
        }
        return ids;
    };

    for (int i = 0; i < 12; ++i) {
        const auto& whole = names[dice() % names.size()];
        const auto from = dice() % 10;
        const auto text = whole.substr(from, 2 + dice() % 8);
        EXPECT_EQ(ids_of({.text = text, .limit = 500}), expected(text, 1, 0)) << text;
        EXPECT_EQ(ids_of({.tenant = "odd", .text = text, .limit = 500}), expected(text, 2, 1)) << text;
        EXPECT_EQ(
            ids_of({.tenant = "even", .state = model::EndpointState::active, .text = text, .limit = 500}),
            expected(text, 6, 0))
            << text;
    }
    for (const auto* text : {"zz", "z", "abcabcabc", "s899.example", ".example.example", "s1.s1"}) {
        EXPECT_EQ(ids_of({.text = text, .limit = 500}), expected(text, 1, 0)) << text;
    }
    for (const auto* text : {"a b", "\"", "]", "%", "\xff", "", " "}) {
        EXPECT_EQ(ids_of({.text = text, .limit = 500}).size(), *text == '\0' ? names.size() : 0U) << text;
    }
}

TEST_P(SearchOnStore, FollowsChangesInABlockAndAfterIt)
{
    begin_after_line(4'000);
    fill(0, 250, [](int i) { return fmt::format("n{}.example.com", i); });
    const auto change = [&](const std::string& id, auto how) {
        const auto done = write([&](Transaction& tx) -> base::Result<> {
            TRY(found, tx.endpoints.get(id));
            how(found);
            return tx.endpoints.update(found);
        });
        ASSERT_TRUE(done) << done.error().message();
    };
    for (const auto* id : {"ep_00017", "ep_00150"}) {
        change(id, [](model::Endpoint& each) {
            each.names.push_back(name("moved" + each.id.substr(3) + ".test"));
        });
    }
    EXPECT_THAT(ids_of({.text = "moved"}), ElementsAre("ep_00017", "ep_00150"));
    EXPECT_THAT(ids_of({.text = "n17.example"}), ElementsAre("ep_00017"));

    change("ep_00018", [](model::Endpoint& each) { each.tenant = "another"; });
    EXPECT_THAT(ids_of({.tenant = "another", .text = "example"}), ElementsAre("ep_00018"));
    EXPECT_EQ(ids_of({.tenant = "even", .text = "example", .limit = 500}).size(), 124U);

    for (const auto* id : {"ep_00017", "ep_00019", "ep_00150"}) {
        change(id, [](model::Endpoint& each) { each.deleted_at = test_start; });
    }
    EXPECT_THAT(ids_of({.text = "moved"}), IsEmpty());
    EXPECT_THAT(ids_of({.text = "n19.example"}), IsEmpty());
}

TEST_P(SearchOnStore, PagesStayStableWhileNamesAreAdded)
{
    begin_after_line(4'050);
    fill(0, 40, [](int i) { return fmt::format("n{}.example.com", i); });
    EndpointFilter filter{.text = "example", .limit = 7};
    std::vector<std::string> ids;
    int added = 40;
    do {
        const auto page = read([&](Transaction& tx) { return tx.endpoints.list(filter); }).value();
        for (const auto& each : page.items) {
            ids.push_back(each.id);
        }
        filter.after = page.next;
        if (added < 60) {  // Also over the end of the block.
            fill(added, added + 4, [](int i) { return fmt::format("n{}.example.com", i); });
            added += 4;
        }
    } while (!filter.after.empty());

    EXPECT_TRUE(std::ranges::is_sorted(ids));
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(added));
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST_P(SearchOnStore, ForgetsWhatWasUndone)
{
    EXPECT_FALSE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(endpoint("a", {"shop.example.com"})));
        return base::fail(base::Errc::invalid, "no");
    }));
    EXPECT_THAT(ids_of({.text = "shop"}), IsEmpty());
    auto brief = endpoint("b", {"shop.example.com"});
    ASSERT_TRUE(write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(brief));
        brief.deleted_at = test_start;
        return tx.endpoints.update(brief);
    }));
    EXPECT_THAT(ids_of({.text = "shop"}), IsEmpty());
    insert(endpoint("c", {"shop.example.com", "www.shop.example.com"}));
    EXPECT_THAT(ids_of({.text = "shop"}), ElementsAre("ep_c"));
}

// What another program wrote beside this one, which knew of no lines.
TEST_P(SearchOnStore, LearnsOfEndpointsThatHaveNoLine)
{
    insert(endpoint("a", {"shop.example.com"}));
    store.reset();
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(db->run("DELETE FROM search_lines"));
    }
    store = open().value();
    EXPECT_THAT(ids_of({.text = "shop"}), IsEmpty());

    ASSERT_TRUE(write([](Transaction& tx) { return tx.endpoints.recount(); }));

    EXPECT_THAT(ids_of({.text = "shop"}), ElementsAre("ep_a"));
}

// One that is young, and one that the log tells of.
TEST_P(SearchOnStore, LearnsOfEndpointsThatAnotherProgramMoved)
{
    insert(endpoint("a", {"shop.example.com"}));
    insert(endpoint("b", {"old.example.com"}));
    store.reset();
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(
            db->run("UPDATE endpoints SET tenant = 'another', names = '[\"moved.example.com\"]' WHERE id = "
                    "'ep_a'; UPDATE endpoints SET tenant = 'another', created_at = 1 WHERE id = 'ep_b';"
                    " INSERT INTO revisions (number, kind, subject, edge_group)"
                    " VALUES (1000, 'route', 'ep_b', '')"));
    }
    store = open().value();
    // The cursor says: by the text, though the tenant has few.
    EXPECT_THAT(ids_of({.tenant = "default", .text = "example", .after = "0"}), IsEmpty());

    ASSERT_TRUE(write([](Transaction& tx) { return tx.endpoints.recount(); }));

    EXPECT_THAT(ids_of({.tenant = "default", .text = "example", .after = "0"}), IsEmpty());
    EXPECT_THAT(ids_of({.tenant = "another", .text = "example", .after = "0"}), ElementsAre("ep_a", "ep_b"));
    EXPECT_THAT(ids_of({.text = "moved"}), ElementsAre("ep_a"));
    EXPECT_THAT(ids_of({.text = "shop"}), IsEmpty());
}

TEST_P(SearchOnStore, RefusesACursorThatIsNotItsOwn)
{
    for (const auto* after : {"x", "-1", "1x", "."}) {
        const auto page =
            read([&](Transaction& tx) { return tx.endpoints.list({.text = "shop", .after = after}); });
        ASSERT_FALSE(page) << after;
        EXPECT_EQ(page.error().code(), "cursor_invalid");
    }
}

ON_BOTH_ENGINES(SearchOnStore);

TEST(Needles, AreWrittenAsNamesAre)
{
    EXPECT_EQ(Needle::of(" Shop.Example\n")->text(), "shop.example");
    EXPECT_EQ(Needle::of("münchen.exa")->text(), "xn--mnchen-3ya.exa");
    EXPECT_EQ(Needle::of("shop.MÜNCHEN.")->text(), "shop.xn--mnchen-3ya.");
    EXPECT_EQ(Needle::of("_acme-challenge")->pattern(), "%\\_acme-challenge%");
    for (const auto& none : {std::string(), std::string("  "), std::string("a/b"), std::string("a\0b", 3),
                             std::string("\xff\xfe"), std::string(254, 'a')}) {
        EXPECT_FALSE(Needle::of(none)) << none;
    }
}

TEST(NameBlocks, SayWhichLinesHaveACharacterAfterAPair)
{
    NameBlock block;
    for (std::size_t place = 0; place < 4'096; ++place) {
        block.add(place, place % 3 == 0 ? "t1" : "t2", place % 2 == 0 ? R"(["aba.x"])" : R"(["abc","x"])");
    }
    const auto rows = block.rows();
    const auto count_of = [&](const Gram& gram) {
        const auto row = rows.find(gram.pair);
        return row == rows.end() ? 0 : places_of(row->second, gram).count();
    };
    const auto grams = [](std::string_view text) { return grams_of(text).front(); };

    EXPECT_EQ(count_of(grams("ab")), 4'096U);
    EXPECT_EQ(count_of(grams("abc")), 2'048U);
    EXPECT_EQ(count_of(grams("abd")), 0U);
    EXPECT_EQ(count_of(grams(".x")), 2'048U);
    EXPECT_EQ(count_of(gram_of_tenant("t1")), 1'366U);
    EXPECT_EQ(grams_of("abcabca").size(), 3U);

    std::vector<std::int64_t> numbers;
    places_of(rows.at(grams("aba").pair), grams("aba")).append_to(numbers, 100);
    EXPECT_EQ(numbers.front(), 100);
    EXPECT_EQ(numbers.back(), 100 + 4'094);
}

TEST(NameBlocks, HaveALineOnceHoweverOftenItHasTheCharacters)
{
    NameBlock block;
    block.add(9, "t", R"(["ababab.test","ababab.test"])");
    block.add(7, "t", R"(["ab.ab.ab"])");
    const auto row = block.rows().at(grams_of("ab").front().pair);

    const base::Bytes expected{'"', 1, 0, 7, 0, '.', 2, 0, 7, 0, 9, 0, 'a', 1, 0, 9, 0};
    EXPECT_EQ(row, expected);
}

TEST(NameBlocks, ReadNothingFromABrokenRow)
{
    const base::Bytes whole{'c', 2, 0, 1, 0, 255, 255, 'd', 0, 16};
    const Gram gram{.pair = 0, .third = std::nullopt};
    EXPECT_EQ(places_of(whole, gram).count(), 2U);
    for (std::size_t size = 0; size < 7; ++size) {
        EXPECT_FALSE(places_of(base::ByteView(whole).first(size), gram).any()) << size;
    }
}

}  // namespace

}  // namespace store
