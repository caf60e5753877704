#include "edge/certificate_store.h"

#include "crypto/certificate.h"
#include "crypto/key.h"
#include "edge/stored_form.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace edge {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

feed::Change route(const std::string& endpoint, std::vector<std::string> names,
                   std::vector<std::string> certificates = {})
{
    feed::RouteEntry entry;
    entry.endpoint = endpoint;
    entry.names = std::move(names);
    entry.upstream = "http://127.0.0.1:8080";
    entry.certificates = std::move(certificates);
    return {model::RevisionKind::route, endpoint, entry};
}

feed::Change certificate(const std::string& id, const std::string& endpoint, std::vector<std::string> names)
{
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    feed::CertificateEntry entry;
    entry.certificate = id;
    entry.endpoint = endpoint;
    entry.identifiers = names;
    entry.not_after = base::from_millis(4'000'000'000'000);
    entry.chain_pem =
        crypto::self_signed(key, names, 30).value() + crypto::self_signed(key, {"issuer.test"}, 30).value();
    entry.key_pkcs8 = key.to_pkcs8();
    return {model::RevisionKind::certificate, id, entry};
}

feed::Change gone(model::RevisionKind kind, const std::string& key)
{
    return {kind, key, std::nullopt};
}

feed::Batch batch(std::int64_t number, std::vector<feed::Change> changes, bool snapshot = false)
{
    feed::Batch made;
    made.position = {"epoch1", number};
    made.snapshot = snapshot;
    made.changes = std::move(changes);
    return made;
}

class CertificateStoreTest : public testing::Test {
protected:
    void SetUp() override { reopen(); }

    void reopen()
    {
        store_.reset();
        store_ = CertificateStore::open(dir_.path()).value();
    }
    void apply(const feed::Batch& changes) { ASSERT_TRUE(store_->apply(changes)); }

    test::TempDir dir_;
    std::unique_ptr<CertificateStore> store_;
};

TEST(StoredForm, KeepsHowARouteIsServedAndReadsRoutesWithoutThat)
{
    feed::RouteEntry usual;
    usual.endpoint = "ep_a";
    usual.names = {"a.test"};
    feed::RouteEntry special = usual;
    special.hsts = {31'536'000, true, false};
    special.plain_http = model::PlainHttp::serve;
    special.forwarding.more_upstreams = {"http://127.0.0.1:2"};
    special.forwarding.idle = std::chrono::seconds(7);
    special.forwarding.proxy_protocol = true;
    special.forwarding.health_path = "/up";
    EXPECT_EQ(route_from(to_stored(usual, 1)).value(), usual);
    EXPECT_EQ(route_from(to_stored(special, 1)).value(), special);
    EXPECT_LT(to_stored(usual, 1).size() + 20, to_stored(special, 1).size());
}

TEST_F(CertificateStoreTest, FindsTheExactNameBeforeTheWildcard)
{
    apply(batch(1, {route("ep_wild", {"*.shop.test"}), route("ep_exact", {"a.shop.test"})}));

    EXPECT_EQ(store_->find("a.shop.test").value()->route.endpoint, "ep_exact");
    EXPECT_EQ(store_->find("b.shop.test").value()->route.endpoint, "ep_wild");
    EXPECT_FALSE(store_->find("deep.b.shop.test").value());
    EXPECT_FALSE(store_->find("shop.test").value());
    EXPECT_FALSE(store_->find("").value());
}

TEST_F(CertificateStoreTest, KeepsEverythingOverARestart)
{
    apply(batch(7, {certificate("crt_a", "ep_a", {"a.test"}), route("ep_a", {"a.test"}, {"crt_a"})}));
    const auto before = store_->material("crt_a").value();

    reopen();

    EXPECT_EQ(store_->position(), (model::Position{"epoch1", 7}));
    const auto found = store_->find("a.test").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->certificates.front().certificate, "crt_a");
    const auto after = store_->material("crt_a").value();
    ASSERT_TRUE(after);
    EXPECT_EQ(after->leaf_der, before->leaf_der);
    EXPECT_EQ(after->key_pkcs8, before->key_pkcs8);
    EXPECT_EQ(after->issuers.size(), 1U);
}

TEST_F(CertificateStoreTest, NeverWritesAPrivateKeyInTheClear)
{
    const auto change = certificate("crt_a", "ep_a", {"a.test"});
    const auto key = std::get<feed::CertificateEntry>(*change.entry).key_pkcs8;
    apply(batch(1, {change}));

    std::ifstream file(dir_.path() / "edge.mdb", std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(file), {}};

    EXPECT_EQ(octets.find(base::as_text(key)), std::string::npos);
    // Where PKCS#8 has the secret number of a P-256 key.
    EXPECT_EQ(octets.find(base::as_text(base::ByteView(key).subspan(36, 32))), std::string::npos);
}

TEST_F(CertificateStoreTest, ReleasesNamesThatARouteNoLongerHas)
{
    apply(batch(1, {route("ep_a", {"a.test", "b.test"})}));

    const auto touched = store_->apply(batch(2, {route("ep_a", {"b.test", "c.test"})})).value();

    EXPECT_THAT(touched.names, testing::IsSupersetOf({"a.test", "b.test", "c.test"}));
    EXPECT_FALSE(store_->find("a.test").value());
    EXPECT_TRUE(store_->find("b.test").value());
    EXPECT_TRUE(store_->find("c.test").value());
}

TEST_F(CertificateStoreTest, ANameThatMovedStaysWithItsNewEndpointWhenTheOldOneGoes)
{
    apply(batch(1, {route("ep_old", {"a.test"})}));
    apply(batch(2, {route("ep_new", {"a.test"}), gone(model::RevisionKind::route, "ep_old")}));

    EXPECT_EQ(store_->find("a.test").value()->route.endpoint, "ep_new");
}

TEST_F(CertificateStoreTest, TouchesTheNamesOfAnEndpointWhoseCertificateArrives)
{
    apply(batch(1, {route("ep_a", {"a.test"}, {"crt_a"})}));
    EXPECT_THAT(store_->find("a.test").value()->certificates, IsEmpty());

    const auto touched = store_->apply(batch(2, {certificate("crt_a", "ep_a", {"a.test"})})).value();

    EXPECT_THAT(touched.names, Contains("a.test"));
    EXPECT_THAT(touched.certificates, Contains("crt_a"));
    EXPECT_EQ(store_->find("a.test").value()->certificates.size(), 1U);
}

TEST_F(CertificateStoreTest, ASnapshotDropsWhatItDoesNotName)
{
    apply(batch(
        1, {certificate("crt_a", "ep_a", {"a.test"}), route("ep_a", {"a.test"}), route("ep_b", {"b.test"})}));
    auto first = batch(2, {route("ep_b", {"b.test"})}, true);
    first.last = false;
    auto second = batch(2, {route("ep_c", {"c.test"})}, true);
    second.first = false;

    apply(first);
    EXPECT_TRUE(store_->find("a.test").value()) << "served until the snapshot is complete";
    EXPECT_EQ(store_->position(), (model::Position{"epoch1", 1}));
    const auto touched = store_->apply(second).value();

    EXPECT_TRUE(touched.everything);
    EXPECT_FALSE(store_->find("a.test").value());
    EXPECT_FALSE(store_->material("crt_a").value());
    EXPECT_TRUE(store_->find("b.test").value());
    EXPECT_TRUE(store_->find("c.test").value());
    EXPECT_EQ(store_->position(), (model::Position{"epoch1", 2}));
}

TEST_F(CertificateStoreTest, ASnapshotThatStartsAnewForgetsTheUnfinishedOne)
{
    auto unfinished = batch(1, {route("ep_a", {"a.test"})}, true);
    unfinished.last = false;
    apply(unfinished);

    apply(batch(2, {route("ep_b", {"b.test"})}, true));

    EXPECT_FALSE(store_->find("a.test").value());
    EXPECT_TRUE(store_->find("b.test").value());
}

TEST_F(CertificateStoreTest, StoresAnIssuerOnceAndKeepsItWhileAnyCertificateHasIt)
{
    auto first = certificate("crt_a", "ep_a", {"a.test"});
    auto second = certificate("crt_b", "ep_b", {"b.test"});
    auto& chain = std::get<feed::CertificateEntry>(*second.entry).chain_pem;
    const auto& other = std::get<feed::CertificateEntry>(*first.entry).chain_pem;
    const std::string begin = "-----BEGIN";
    chain = chain.substr(0, chain.find(begin, 1)) + other.substr(other.find(begin, 1));
    apply(batch(1, {first, second}));

    apply(batch(2, {gone(model::RevisionKind::certificate, "crt_a")}));

    EXPECT_FALSE(store_->material("crt_a").value());
    EXPECT_EQ(store_->material("crt_b").value()->issuers.size(), 1U);
}

TEST_F(CertificateStoreTest, ACertificateWithoutAChainDoesNotHoldUpTheOthers)
{
    auto broken = certificate("crt_a", "ep_a", {"a.test"});
    std::get<feed::CertificateEntry>(*broken.entry).chain_pem = "no PEM";

    apply(batch(1, {broken, certificate("crt_b", "ep_b", {"b.test"})}));

    EXPECT_FALSE(store_->material("crt_a").value());
    EXPECT_TRUE(store_->material("crt_b").value());
}

TEST_F(CertificateStoreTest, KnowsTokensAndGroups)
{
    const model::EdgeGroup group{"default", {"192.0.2.1"}, "crt_p", "thumb"};
    apply(batch(1, {{model::RevisionKind::token, "tok", feed::TokenEntry{"other-thumb", ""}},
                    {model::RevisionKind::group, "default", group}}));

    EXPECT_EQ(store_->thumbprint_of("tok").value(), "other-thumb");
    EXPECT_FALSE(store_->thumbprint_of("unknown").value());
    EXPECT_EQ(store_->group("default").value()->default_certificate, "crt_p");

    const auto touched = store_
                             ->apply(batch(2, {gone(model::RevisionKind::token, "tok"),
                                               gone(model::RevisionKind::group, "default")}))
                             .value();
    EXPECT_TRUE(touched.groups);
    EXPECT_FALSE(store_->thumbprint_of("tok").value());
    EXPECT_FALSE(store_->group("default").value());
}

TEST_F(CertificateStoreTest, AnswersForANameWithItsNewestTokenUntilThatIsGone)
{
    const auto token = [](const std::string& key) {
        return feed::Change{model::RevisionKind::token, key, feed::TokenEntry{"thumb", "a.test"}};
    };
    apply(batch(1, {token("one"), {model::RevisionKind::token, "web", feed::TokenEntry{"thumb", ""}}}));
    EXPECT_EQ(store_->alpn_challenge("a.test").value()->token, "one");
    EXPECT_EQ(store_->alpn_challenge("a.test").value()->thumbprint, "thumb");
    EXPECT_FALSE(store_->alpn_challenge("b.test").value());

    apply(batch(2, {token("two")}));
    EXPECT_EQ(store_->alpn_challenge("a.test").value()->token, "two");
    apply(batch(3, {gone(model::RevisionKind::token, "one")}));
    EXPECT_EQ(store_->alpn_challenge("a.test").value()->token, "two");

    auto snapshot = batch(4, {token("three")});
    snapshot.snapshot = true;
    apply(std::move(snapshot));
    EXPECT_EQ(store_->alpn_challenge("a.test").value()->token, "three");
    apply(batch(5, {gone(model::RevisionKind::token, "three")}));
    EXPECT_FALSE(store_->alpn_challenge("a.test").value());
}

TEST_F(CertificateStoreTest, StartsAnewWhenTheCacheIsBroken)
{
    apply(batch(3, {route("ep_a", {"a.test"})}));
    store_.reset();
    std::ofstream(dir_.path() / "edge.mdb", std::ios::binary | std::ios::trunc) << std::string(100'000, 'x');

    reopen();

    EXPECT_EQ(store_->position(), model::Position());
    EXPECT_FALSE(store_->find("a.test").value());
}

TEST_F(CertificateStoreTest, StartsAnewWhenItsKeyIsAnother)
{
    apply(batch(3, {route("ep_a", {"a.test"})}));
    store_.reset();
    std::filesystem::remove(dir_.path() / "edge.key");

    reopen();

    EXPECT_EQ(store_->position(), model::Position());
}

TEST(StoredForm, RefusesARecordThatIsCutShortAnywhere)
{
    CertificateRecord record;
    record.facts = {"crt_a", {"a.test"}, model::KeyType::rsa_2048, base::from_millis(5)};
    record.issuer_hashes = {base::Bytes(32, 7)};
    record.leaf_der = base::Bytes(50, 1);
    record.sealed_key = base::Bytes(40, 2);
    const auto stored = to_stored(record, 9);

    ASSERT_TRUE(certificate_from(stored));
    for (std::size_t length = 0; length < stored.size(); ++length) {
        EXPECT_FALSE(certificate_from(base::ByteView(stored).first(length))) << length;
    }
}

}  // namespace
}  // namespace edge
