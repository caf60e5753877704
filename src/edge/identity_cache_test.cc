#include "edge/identity_cache.h"

#include "crypto/certificate.h"
#include "crypto/key.h"
#include "edge/lmdb.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <set>

namespace edge {
namespace {

using Verdict = net::IdentitySource::Verdict;

constexpr std::int64_t start = 1'800'000'000'000;

class IdentityCacheTest : public testing::Test {
protected:
    IdentityCacheTest() { remake({}); }
    ~IdentityCacheTest() override { workers.join(); }

    void remake(IdentityCache::Options options)
    {
        cache = std::make_unique<IdentityCache>(*store, workers, clock, std::move(options));
    }

    void put_route(const std::string& endpoint, std::vector<std::string> names,
                   std::vector<std::string> certificates)
    {
        feed::RouteEntry entry;
        entry.endpoint = endpoint;
        entry.names = std::move(names);
        entry.certificates = std::move(certificates);
        apply({model::RevisionKind::route, endpoint, entry});
    }
    void put_certificate(const std::string& id, const std::string& endpoint, std::vector<std::string> names,
                         model::KeyType type = model::KeyType::ecdsa_p256,
                         std::chrono::hours life = std::chrono::hours(48))
    {
        const auto key = crypto::PrivateKey::generate(type).value();
        feed::CertificateEntry entry;
        entry.certificate = id;
        entry.endpoint = endpoint;
        entry.identifiers = names;
        entry.key_type = type;
        entry.not_after = clock.now() + life;
        entry.chain_pem = crypto::self_signed(key, names, 2).value();
        entry.key_pkcs8 = key.to_pkcs8();
        apply({model::RevisionKind::certificate, id, entry});
    }
    void put_default(const std::string& certificate)
    {
        const model::EdgeGroup group{"default", {}, certificate, "thumb"};
        apply({model::RevisionKind::group, "default", group});
    }
    // As the edge's sink does it.
    void apply(feed::Change change)
    {
        feed::Batch batch;
        batch.position = {"e", ++number};
        batch.changes.push_back(std::move(change));
        const auto touched = store->apply(batch).value();
        cache->forget(touched);
        if (touched.groups) {
            ASSERT_TRUE(test::run(loop, cache->refresh_group()));
        }
    }

    static net::ClientHello hello(const std::string& name, bool ecdsa = true)
    {
        net::ClientHello made;
        made.server_name = name;
        made.ecdsa = ecdsa;
        return made;
    }
    // What a handshake gets: the name of the identity, "refused", or "" when it fails.
    std::string served(const std::string& name, bool ecdsa = true)
    {
        auto choice = cache->choose(hello(name, ecdsa));
        if (choice.verdict == Verdict::refuse) {
            return "refused";
        }
        if (choice.verdict == Verdict::ready) {
            return choice.identity->name();
        }
        auto loaded = test::run(loop, cache->load(hello(name, ecdsa)));
        if (!loaded) {
            return "";
        }
        return *loaded ? (*loaded)->name() : "refused";
    }

    test::TempDir folder;
    boost::asio::io_context loop{1};
    base::ManualClock clock{base::from_millis(start)};
    boost::asio::thread_pool workers{1};
    std::unique_ptr<CertificateStore> store = CertificateStore::open(folder.path()).value();
    std::unique_ptr<IdentityCache> cache;
    std::int64_t number = 0;
};

TEST_F(IdentityCacheTest, LoadsAColdNameOnceAndThenHasItHot)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});

    EXPECT_EQ(cache->choose(hello("a.test")).verdict, Verdict::wait);
    EXPECT_EQ(served("a.test"), "crt_a");
    EXPECT_EQ(cache->choose(hello("a.test")).verdict, Verdict::ready);
    EXPECT_EQ(cache->hot_identities(), 1U);
}

TEST_F(IdentityCacheTest, TakesTheFirstCertificateThatIsValidCoversTheNameAndSuitsTheClient)
{
    put_certificate("crt_other", "ep_a", {"other.test"});
    put_certificate("crt_short", "ep_a", {"a.test"}, model::KeyType::ecdsa_p256, std::chrono::hours(1));
    put_certificate("crt_ec", "ep_a", {"a.test"});
    put_certificate("crt_rsa", "ep_a", {"a.test"}, model::KeyType::rsa_2048);
    put_route("ep_a", {"a.test"}, {"crt_other", "crt_short", "crt_ec", "crt_rsa"});

    EXPECT_EQ(served("a.test"), "crt_short");
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(served("a.test"), "crt_ec");
    EXPECT_EQ(served("a.test", false), "crt_rsa");
}

TEST_F(IdentityCacheTest, AValidCertificateOfTheOtherKeyTypeGoesBeforeAnExpiredOneAndBeforeTheDefault)
{
    put_certificate("crt_p", "", {"*.platform.test"});
    put_default("crt_p");
    put_certificate("crt_ec", "ep_a", {"a.test"}, model::KeyType::ecdsa_p256, std::chrono::hours(1));
    put_certificate("crt_rsa", "ep_a", {"a.test"}, model::KeyType::rsa_2048);
    put_route("ep_a", {"a.test"}, {"crt_ec", "crt_rsa"});

    EXPECT_EQ(served("a.test"), "crt_ec");
    clock.advance(std::chrono::hours(1));
    EXPECT_EQ(served("a.test"), "crt_rsa");

    put_route("ep_a", {"a.test"}, {"crt_ec"});
    put_certificate("crt_ec", "ep_a", {"a.test"});
    EXPECT_EQ(served("a.test", false), "crt_ec") << "better than one of another name";
}

TEST_F(IdentityCacheTest, AClientThatVerifiesOnlyEcdsaDoesNotGetThePreferredRsaCertificate)
{
    put_certificate("crt_rsa", "ep_a", {"a.test"}, model::KeyType::rsa_2048);
    put_certificate("crt_ec", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_rsa", "crt_ec"});
    EXPECT_EQ(served("a.test"), "crt_rsa");

    auto modern = hello("a.test");
    modern.rsa = false;
    EXPECT_EQ(test::run(loop, cache->load(modern)).value()->name(), "crt_ec");
}

TEST_F(IdentityCacheTest, GivesAValidatingCaTheChallengeOfTheNameOrNothing)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});
    auto ca = hello("a.test");
    ca.acme = true;
    EXPECT_EQ(served("a.test"), "crt_a");

    EXPECT_EQ(cache->choose(ca).verdict, Verdict::wait) << "never the certificate that is hot";
    EXPECT_FALSE(test::run(loop, cache->load(ca)).value());
    apply({model::RevisionKind::token, "tok", feed::TokenEntry{"thumb", "a.test"}});
    const auto shown = test::run(loop, cache->load(ca)).value();

    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->name(), "acme:tok");
    EXPECT_EQ(served("a.test"), "crt_a") << "visitors see nothing of it";
    ca.server_name.clear();
    EXPECT_EQ(cache->choose(ca).verdict, Verdict::refuse);
}

TEST_F(IdentityCacheTest, ServesTheDefaultWhereAnEndpointHasNoneOfItsOwn)
{
    put_route("ep_a", {"a.test"}, {});
    EXPECT_EQ(served("a.test"), "refused") << "nothing at all can be served yet";

    put_certificate("crt_p", "", {"*.platform.test"});
    put_default("crt_p");

    EXPECT_EQ(served("a.test"), "crt_p");
    EXPECT_EQ(served(""), "crt_p");
    EXPECT_EQ(served("new.platform.test"), "crt_p");
    EXPECT_EQ(served("deep.new.platform.test"), "refused");
    EXPECT_EQ(served("unknown.test"), "refused");
}

TEST_F(IdentityCacheTest, RemembersNamesThatNobodyHasUntilSomebodyHasThem)
{
    EXPECT_EQ(served("a.test"), "refused");
    EXPECT_EQ(cache->choose(hello("a.test")).verdict, Verdict::refuse) << "known without another look";

    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});

    EXPECT_EQ(served("a.test"), "crt_a");
}

TEST_F(IdentityCacheTest, ANewWildcardIsSeenByHostsThatWereAnsweredBefore)
{
    EXPECT_EQ(served("x.shop.test"), "refused");

    put_certificate("crt_w", "ep_w", {"*.shop.test"});
    put_route("ep_w", {"*.shop.test"}, {"crt_w"});

    EXPECT_EQ(served("x.shop.test"), "crt_w");
}

TEST_F(IdentityCacheTest, AReplacedCertificateIsServedAtOnceAndTheOldObjectStaysUsable)
{
    put_certificate("crt_old", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_old"});
    EXPECT_EQ(served("a.test"), "crt_old");
    const auto held = cache->choose(hello("a.test")).identity;

    put_certificate("crt_new", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_new"});
    apply({model::RevisionKind::certificate, "crt_old", std::nullopt});

    EXPECT_EQ(served("a.test"), "crt_new");
    EXPECT_EQ(held->name(), "crt_old");
}

// Holds the one thread that reads the store until it is let go.
class Held {
public:
    explicit Held(boost::asio::thread_pool& pool)
    {
        boost::asio::post(pool, [waiting = go_.get_future().share()] { waiting.wait(); });
    }
    ~Held() { go_.set_value(); }

private:
    std::promise<void> go_;
};

TEST_F(IdentityCacheTest, ChangesOfOtherNamesDoNotDisturbALoad)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});
    std::optional<std::string> got;
    boost::asio::co_spawn(loop, cache->load(hello("a.test")), [&](std::exception_ptr, auto loaded) {
        got = loaded && *loaded ? (*loaded)->name() : loaded ? "refused" : loaded.error().message();
    });
    Touched others;
    others.names = {"b.test", "*.b.test"};
    others.certificates = {"crt_b"};

    for (int i = 0; i < 500 && !got; ++i) {
        cache->forget(others);
        loop.restart();
        loop.run_one_for(std::chrono::seconds(5));
        cache->forget(others);
    }

    EXPECT_EQ(got, "crt_a");
    EXPECT_EQ(cache->hot_identities(), 1U);
}

TEST_F(IdentityCacheTest, ChangesOfTheNameItselfHoldUpNoHandshake)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});
    std::optional<std::string> got;
    boost::asio::co_spawn(loop, cache->load(hello("a.test")), [&](std::exception_ptr, auto loaded) {
        got = loaded && *loaded ? (*loaded)->name() : loaded ? "refused" : loaded.error().message();
    });
    Touched same;
    same.names = {"a.test"};
    same.certificates = {"crt_a"};

    for (int i = 0; i < 500 && !got; ++i) {
        cache->forget(same);
        loop.restart();
        loop.run_one_for(std::chrono::seconds(5));
        cache->forget(same);
    }

    EXPECT_EQ(got, "crt_a");
}

TEST_F(IdentityCacheTest, WhatWasReadBeforeAChangeIsNotKept)
{
    put_certificate("crt_old", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_old"});
    std::optional<std::string> got;
    boost::asio::co_spawn(loop, cache->load(hello("a.test")),
                          [&](std::exception_ptr, auto loaded) { got = (*loaded)->name(); });
    loop.run_one();
    std::promise<void> read;
    boost::asio::post(workers, [&] { read.set_value(); });
    read.get_future().wait();
    put_certificate("crt_new", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_new"});

    EXPECT_EQ(served("a.test"), "crt_new");
    loop.restart();
    loop.run();

    EXPECT_EQ(got, "crt_old") << "its handshake began before";
    EXPECT_EQ(served("a.test"), "crt_new");
}

TEST_F(IdentityCacheTest, ManyHandshakesForOneColdNameReadItOnce)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});
    std::set<const net::TlsIdentity*> objects;
    {
        const Held held(workers);
        for (int i = 0; i < 50; ++i) {
            boost::asio::co_spawn(loop, cache->load(hello("a.test")),
                                  [&](std::exception_ptr, auto loaded) { objects.insert(loaded->get()); });
        }
        loop.poll();
    }
    loop.restart();
    loop.run();

    EXPECT_EQ(objects.size(), 1U) << "each reading parses an object of its own";
}

TEST_F(IdentityCacheTest, AHandshakeThatLeavesWhileItWaitsForAnotherLeavesThatAlone)
{
    put_certificate("crt_a", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_a"});
    std::string first, second;
    const auto leave = [this]() -> base::Task<std::shared_ptr<const net::TlsIdentity>> {
        return base::with_timeout(std::chrono::milliseconds(5), cache->load(hello("a.test")));
    };
    {
        const Held held(workers);
        boost::asio::co_spawn(loop, cache->load(hello("a.test")),
                              [&](std::exception_ptr, auto loaded) { first = (*loaded)->name(); });
        boost::asio::co_spawn(loop, leave(), [&](std::exception_ptr, auto loaded) {
            second = loaded ? "loaded" : base::to_string(loaded.error().kind());
        });
        while (second.empty()) {
            loop.run_one();
        }
    }
    loop.restart();
    loop.run();

    EXPECT_EQ(first, "crt_a");
    EXPECT_EQ(second, base::to_string(base::Errc::timeout));
}

TEST_F(IdentityCacheTest, KeepsTheDefaultWhenItsSuccessorIsMissing)
{
    put_certificate("crt_p", "", {"*.platform.test"});
    put_default("crt_p");

    put_default("crt_not_here_yet");

    EXPECT_EQ(served(""), "crt_p");
}

TEST_F(IdentityCacheTest, PassesOverACertificateThatCannotBeUsed)
{
    feed::CertificateEntry broken;
    broken.certificate = "crt_bad";
    broken.endpoint = "ep_a";
    broken.identifiers = {"a.test"};
    broken.not_after = clock.now() + std::chrono::hours(9);
    broken.chain_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    apply({model::RevisionKind::certificate, "crt_bad", broken});
    put_certificate("crt_good", "ep_a", {"a.test"});
    put_route("ep_a", {"a.test"}, {"crt_bad", "crt_good"});

    EXPECT_EQ(served("a.test"), "crt_good");
}

TEST_F(IdentityCacheTest, PassesOverWhatTheDiskHasDamaged)
{
    for (const auto* id : {"crt_key", "crt_form", "crt_good"}) {
        put_certificate(id, "ep_a", {"a.test"});
    }
    put_route("ep_a", {"a.test"}, {"crt_key", "crt_form", "crt_good"});
    cache.reset();
    store.reset();
    {
        const auto env = lmdb::open(folder.path() / "edge.mdb", std::size_t(64) << 30, 8).value();
        auto tx = lmdb::Transaction::write(env.get()).value();
        const auto table = tx.table("certificate").value();
        for (const std::string id : {"crt_key", "crt_form"}) {
            const auto stored = tx.get(table, id).value().value();
            base::Bytes damaged(stored.begin(), stored.end());
            damaged[id == "crt_key" ? damaged.size() - 1 : 0] ^= 0x55;
            ASSERT_TRUE(tx.put(table, id, damaged));
        }
        ASSERT_TRUE(tx.commit());
    }
    store = CertificateStore::open(folder.path()).value();
    remake({});

    EXPECT_EQ(served("a.test"), "crt_good");
}

TEST_F(IdentityCacheTest, HoldsNoMoreParsedCertificatesThanItMay)
{
    IdentityCache::Options small;
    small.identity_bytes = 40'000;
    remake(small);
    for (int i = 0; i < 40; ++i) {
        const auto name = fmt::format("n{}.test", i);
        put_certificate(fmt::format("crt_{}", i), fmt::format("ep_{}", i), {name});
        put_route(fmt::format("ep_{}", i), {name}, {fmt::format("crt_{}", i)});
    }

    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 40; ++i) {
            EXPECT_EQ(served(fmt::format("n{}.test", i)), fmt::format("crt_{}", i));
        }
    }

    EXPECT_LT(cache->hot_identities(), 20U);
    EXPECT_GT(cache->hot_identities(), 1U);
}

TEST(Route, ReadsUpstreams)
{
    const auto plain = parse_upstream("http://10.0.0.1:8080").value();
    EXPECT_EQ(plain.origin, http::Origin("http", "10.0.0.1", 8080));
    EXPECT_EQ(plain.prefix, "");
    const auto tls = parse_upstream("https://[2001:db8::1]/app/").value();
    EXPECT_EQ(tls.origin, http::Origin("https", "2001:db8::1", 443));
    EXPECT_EQ(tls.prefix, "/app");
    for (const auto* bad : {"", "ftp://x", "http://", "http://x:0", "http://x:99999", "http://x:8o",
                            "http://u@x", "http://x?q", "http://[2001:db8::1", "http://x y"}) {
        EXPECT_FALSE(parse_upstream(bad)) << bad;
    }
}

TEST(Route, AFilterThatCannotBeReadLetsNobodyIn)
{
    FoundRoute found;
    found.route.upstream = "http://127.0.0.1:1";
    found.route.ip_filter = {"not an address"};

    const auto route = make_route(std::move(found));

    EXPECT_TRUE(route->filtered);
    EXPECT_FALSE(route->allowed.contains(boost::asio::ip::make_address("127.0.0.1")));
}

}  // namespace
}  // namespace edge
