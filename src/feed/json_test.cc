#include "feed/json.h"

#include "feed/cursor.h"

#include <gtest/gtest.h>

namespace feed {
namespace {

using model::RevisionKind;

Batch with_every_kind()
{
    RouteEntry route{"ep_a",
                     "default",
                     {"a.test", "*.b.test"},
                     "https://10.0.0.1:8443/x",
                     {"192.0.2.0/24", "2001:db8::/32"},
                     model::FilterAt::network,
                     true,
                     {{"http://10.0.0.2"}, std::chrono::seconds(3), {}, std::chrono::seconds(9), true, "/up"},
                     {31'536'000, true, true},
                     model::PlainHttp::refuse,
                     {"crt_1", "crt_2"},
                     true,
                     {"https://www.{name}", 308, false}};
    CertificateEntry certificate{"crt_1",
                                 "ep_a",
                                 {"a.test"},
                                 model::KeyType::rsa_2048,
                                 model::CertificateSource::uploaded,
                                 base::from_millis(1'900'000'000'123),
                                 "-----BEGIN\n\"quoted\"",
                                 {0, 1, 255, 128}};
    TxtEntry txt{{{"value one", base::from_millis(5)}, {"", base::from_millis(6)}}};
    model::EdgeGroup group{"default", {"192.0.2.1", "2001:db8::1"}, "crt_p", "thumb"};
    group.pool = {{"https://www.{name}", 302, false}, 2};
    model::Zone zone;
    zone.apex = "platform.test";
    zone.name_servers = {{"ns1.platform.test", {"192.0.2.53"}}};
    zone.hostmaster = "hostmaster.platform.test";
    zone.group = "default";
    zone.negative_ttl = 77;
    zone.kind = model::ZoneKind::fixed;
    zone.primary = "hidden.platform.test";
    zone.apex_ttl = 78;
    model::RecordSet set{"platform.test", "x.platform.test",    65'280,      300,
                         {{0, 255}, {}},  base::from_millis(5), "update:key"};
    model::RecordSet plain{"platform.test", "x.platform.test", 1, 60, {{192, 0, 2, 1}}};
    Batch batch;
    batch.position = {"epoch", 42};
    batch.snapshot = true;
    batch.first = false;
    batch.last = false;
    batch.changes = {{RevisionKind::route, "ep_a", route},
                     {RevisionKind::certificate, "crt_1", certificate},
                     {RevisionKind::token, "tok", TokenEntry{"other", "a.test"}},
                     {RevisionKind::alias, "x.platform.test", AliasEntry{"default"}},
                     {RevisionKind::txt, "x.acme.test", txt},
                     {RevisionKind::group, "default", group},
                     {RevisionKind::zone, "platform.test", zone},
                     {RevisionKind::records, "x.platform.test", RecordsEntry{{set, plain}}},
                     {RevisionKind::route, "ep_gone", std::nullopt}};
    return batch;
}

TEST(FeedJson, CarriesEveryKindOfEntryUnchanged)
{
    const auto sent = with_every_kind();

    const auto received = batch_from_json(to_json(sent)).value();

    EXPECT_EQ(to_json(received), to_json(sent));
    ASSERT_EQ(received.changes.size(), sent.changes.size());
    EXPECT_EQ(std::get<RouteEntry>(*received.changes[0].entry), std::get<RouteEntry>(*sent.changes[0].entry));
    EXPECT_EQ(std::get<CertificateEntry>(*received.changes[1].entry),
              std::get<CertificateEntry>(*sent.changes[1].entry));
    EXPECT_EQ(std::get<TokenEntry>(*received.changes[2].entry), std::get<TokenEntry>(*sent.changes[2].entry));
    EXPECT_EQ(std::get<TxtEntry>(*received.changes[4].entry), std::get<TxtEntry>(*sent.changes[4].entry));
    EXPECT_EQ(std::get<model::Zone>(*received.changes[6].entry),
              std::get<model::Zone>(*sent.changes[6].entry));
    EXPECT_EQ(std::get<RecordsEntry>(*received.changes[7].entry),
              std::get<RecordsEntry>(*sent.changes[7].entry));
    EXPECT_FALSE(received.changes[8].entry);
    EXPECT_FALSE(received.first);
    EXPECT_FALSE(received.last);
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(kind_of(*received.changes[i].entry), received.changes[i].kind);
    }
}

TEST(FeedJson, PassesOverWhatANewerControlNodeAdds)
{
    const auto batch =
        batch_from_json(R"({"epoch":"e","number":3,"new":1,"changes":[{"kind":"comet","key":"x","entry":{}},)"
                        R"({"kind":"token","key":"t","entry":{"thumbprint":"p","more":[1]}}]})");

    ASSERT_TRUE(batch);
    ASSERT_EQ(batch->changes.size(), 1U);
    EXPECT_EQ(std::get<TokenEntry>(*batch->changes[0].entry).thumbprint, "p");
}

TEST(FeedJson, RefusesWhatItCannotRead)
{
    for (
        const auto* text :
        {"", "[]", "{}", "{\"epoch\":\"\",\"number\":1}", "{\"epoch\":\"e\"}",
         "{\"epoch\":\"e\",\"number\":-4}", R"({"epoch":"e","number":1,"changes":[7]})",
         R"({"epoch":"e","number":1,"changes":[{"kind":"route","key":"x","entry":"y"}]})",
         R"({"epoch":"e","number":1,"changes":[{"kind":"certificate","key":"x","entry":{"key_pkcs8":"*"}}]})"}) {
        EXPECT_FALSE(batch_from_json(text)) << text;
    }
}

TEST(FeedJson, NeverOpensAFilterThatItDoesNotUnderstand)
{
    const auto batch = batch_from_json(
        R"({"epoch":"e","number":1,"changes":[{"kind":"route","key":"x","entry":{"filter_at":"moon","ip_filter":["192.0.2.1"]}}]})");

    EXPECT_EQ(std::get<RouteEntry>(*batch->changes[0].entry).filter_at, model::FilterAt::edge);
}

TEST(Cursor, TravelsInAPositionAndInAQuery)
{
    const Cursor cursor{"epoch", 9, RevisionKind::txt, "_x y&z=1.test"};

    const auto from_position = cursor_of(to_position(cursor));
    ASSERT_TRUE(from_position);
    EXPECT_EQ(from_position->epoch, "epoch");
    EXPECT_EQ(from_position->number, 9);
    EXPECT_EQ(from_position->kind, RevisionKind::txt);
    EXPECT_EQ(from_position->key, cursor.key);
    EXPECT_EQ(to_query(cursor).find_first_of(" &="), std::string::npos);
}

TEST(Cursor, IsNotMistakenForAnOrdinaryPosition)
{
    EXPECT_FALSE(cursor_of({"", 0}));
    EXPECT_FALSE(cursor_of({"epoch", 5}));
    EXPECT_FALSE(cursor_from_query("e", 1, "nocolon"));
    EXPECT_FALSE(cursor_from_query("e", 1, "comet:x"));
    EXPECT_FALSE(cursor_from_query("e", 1, "route:%zz"));
}

}  // namespace
}  // namespace feed
