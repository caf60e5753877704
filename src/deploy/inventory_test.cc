#include "deploy/inventory.h"

#include "crypto/certificate.h"
#include "crypto/key.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace deploy {
namespace {

feed::Change route(const std::string& endpoint, std::vector<std::string> names,
                   std::vector<std::string> certificates, bool suspended = false)
{
    feed::RouteEntry entry;
    entry.endpoint = endpoint;
    entry.names = std::move(names);
    entry.certificates = std::move(certificates);
    entry.suspended = suspended;
    return {model::RevisionKind::route, endpoint, entry};
}

feed::Change certificate(const std::string& id, std::vector<std::string> names, std::int64_t not_after,
                         model::KeyType type = model::KeyType::ecdsa_p256)
{
    const auto key = crypto::PrivateKey::generate(type).value();
    feed::CertificateEntry entry;
    entry.certificate = id;
    entry.endpoint = "ep_1";
    entry.identifiers = names;
    entry.key_type = type;
    entry.not_after = base::from_millis(not_after);
    entry.chain_pem =
        crypto::self_signed(key, names, 30).value() + crypto::self_signed(key, {"issuer.test"}, 30).value();
    entry.key_pkcs8 = key.to_pkcs8();
    return {model::RevisionKind::certificate, id, entry};
}

class InventoryTest : public ::testing::Test {
protected:
    void apply(std::vector<feed::Change> changes)
    {
        feed::Batch batch;
        batch.position = {"e", ++number_};
        batch.changes = std::move(changes);
        ASSERT_TRUE(store_->apply(batch));
    }
    // "crt_1(a.test b.test) ..."
    std::string chosen(const std::string& endpoint) { return fingerprint(inventory_.item(endpoint).value()); }

    static constexpr std::int64_t later = 4'000'000'000'000;
    test::TempDir folder_;
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<edge::CertificateStore> store_ = edge::CertificateStore::open(folder_.path()).value();
    Inventory inventory_{*store_, clock_};
    std::int64_t number_ = 0;
};

TEST_F(InventoryTest, EachNameHasTheBestCertificateOfEachKeyType)
{
    apply({certificate("old", {"a.test", "b.test"}, 1'700'000'000'000), certificate("up", {"a.test"}, later),
           certificate("managed", {"a.test", "b.test"}, later),
           certificate("rsa", {"a.test", "*.test"}, later, model::KeyType::rsa_2048),
           route("ep_1", {"a.test", "b.test"}, {"old", "up", "managed", "rsa"})});

    EXPECT_EQ(chosen("ep_1"), "up a.test;managed b.test;rsa a.test b.test;");
    const auto item = inventory_.item("ep_1").value();
    EXPECT_NE(item.bundles[0].chain_pem.find("-----BEGIN CERTIFICATE-----"),
              item.bundles[0].chain_pem.rfind("-----BEGIN CERTIFICATE-----"));
    EXPECT_EQ(inventory_.item_for("b.test").value().endpoint, "ep_1");
    EXPECT_TRUE(inventory_.item_for("c.test").value().bundles.empty());
}

TEST_F(InventoryTest, WhatIsSuspendedOrGoneHasNothing)
{
    apply({certificate("one", {"a.test"}, later), route("ep_1", {"a.test"}, {"one"}, true)});
    EXPECT_EQ(chosen("ep_1"), "");
    apply({route("ep_1", {"a.test"}, {"one"})});
    EXPECT_EQ(chosen("ep_1"), "one a.test;");
    apply({{model::RevisionKind::route, "ep_1", std::nullopt}});
    EXPECT_EQ(chosen("ep_1"), "");
    EXPECT_TRUE(inventory_.item("ep_1").value().names.empty());
}

TEST_F(InventoryTest, ListsEndpointsInPages)
{
    apply({route("ep_1", {"a.test"}, {}), route("ep_2", {"b.test"}, {}), route("ep_3", {"c.test"}, {})});
    EXPECT_EQ(inventory_.endpoints("", 2).value(), (std::vector<std::string>{"ep_1", "ep_2"}));
    EXPECT_EQ(inventory_.endpoints("ep_2", 1).value(), (std::vector<std::string>{"ep_3"}));
    EXPECT_EQ(inventory_.endpoints("ep_11", 1).value(), (std::vector<std::string>{"ep_2"}));
    EXPECT_EQ(inventory_.endpoints("ep_2", 2).value(), (std::vector<std::string>{"ep_3", "platform"}));
    EXPECT_EQ(inventory_.endpoints("ep_3", 2).value(), (std::vector<std::string>{"platform"}));
    EXPECT_TRUE(inventory_.endpoints("platform", 2).value().empty());
}

TEST_F(InventoryTest, ThePlatformsOwnIsWhatItsGroupNames)
{
    EXPECT_EQ(chosen("platform"), "");
    auto own = certificate("wild", {"platform.test", "*.platform.test"}, later);
    std::get<feed::CertificateEntry>(*own.entry).endpoint.clear();
    model::EdgeGroup group;
    group.name = "web";
    group.default_certificate = "wild";
    apply({own,
           {model::RevisionKind::group, "web", group},
           certificate("one", {"a.test"}, later),
           route("ep_1", {"a.test"}, {"one"})});

    EXPECT_EQ(chosen("platform"), "wild platform.test *.platform.test;");
    EXPECT_EQ(inventory_.item_for("a.test").value().endpoint, "ep_1");
    const auto alias = inventory_.item_for("label.platform.test").value();
    EXPECT_EQ(alias.endpoint, "platform");
    EXPECT_NE(alias.bundles.at(0).key_pem.find("PRIVATE KEY"), std::string::npos);

    group.default_certificate.clear();
    apply({{model::RevisionKind::group, "web", group}});
    EXPECT_EQ(chosen("platform"), "");
}

}  // namespace
}  // namespace deploy
