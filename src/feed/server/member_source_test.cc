#include "feed/member_source.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/task_group.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "feed/server/handlers.h"
#include "feed/server/join_handlers.h"
#include "feed/server/testing/feed_fixture.h"
#include "http/server.h"
#include "net/listener.h"
#include "net/tls.h"

#include <gmock/gmock.h>

#include <filesystem>

namespace feed {
namespace {

std::string hash_of(std::string_view secret)
{
    return base::to_hex(crypto::sha256(base::as_bytes(secret)));
}

base::Task<model::Token> nobody(std::string)
{
    co_return base::fail(base::Error(base::Errc::unauthorized, "unknown token").with_code("unauthorized"));
}

class OneIdentity final : public net::IdentitySource {
public:
    Choice choose(const net::ClientHello&) override { return {Verdict::ready, identity}; }
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello) override
    {
        co_return identity;
    }

    std::shared_ptr<const net::TlsIdentity> identity;
};

std::shared_ptr<const net::TlsIdentity> identity_of(const std::string& chain_pem, base::ByteView key)
{
    const auto chain = crypto::parse_chain(chain_pem).value();
    const std::vector<base::Bytes> issuers(chain.der.begin() + 1, chain.der.end());
    return net::make_identity("control", chain.der.front(), issuers, key).value();
}

boost::asio::awaitable<void> take(boost::asio::ip::tcp::socket socket, net::TlsServer& tls,
                                  OneIdentity& source, http::Handler& handler)
{
    static const http::ServerLimits limits;
    auto stream = co_await tls.accept(std::move(socket), source, std::chrono::seconds(10));
    if (stream) {
        co_await http::serve_http1(std::move(*stream), handler, limits);
    }
}

boost::asio::awaitable<void> take_all(net::Listener& listener, net::TlsServer& tls, OneIdentity& source,
                                      http::Handler& handler, base::TaskGroup& group)
{
    while (true) {
        auto socket = co_await listener.accept();
        if (!socket) {
            co_return;
        }
        group.spawn("connection", take(std::move(*socket), tls, source, handler));
    }
}

boost::asio::awaitable<void> say(http::Exchange& exchange, std::string text)
{
    const auto sent = co_await http::send_text(exchange, 200, "text/plain", std::move(text));
    EXPECT_TRUE(sent);
}

// The real handlers behind the real TLS, joined by the real source. Certificates are checked against the
// machine's clock.
class MemberSourceTest : public FeedTest {
protected:
    MemberSourceTest()
        : members(test::run(loop, Members::open(*store, sealer, wall)).value()),
          join_handlers(*members, hash_of),
          handlers(world(), nobody, pool),
          listener(net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                       .value()),
          group(loop.get_executor())
    {
        net::TlsPolicy policy;
        policy.client_root = members->root_pem();
        tls = net::TlsServer::create(policy).value();
        const auto server = members->make_server().value();
        source_of_identity.identity = identity_of(server.chain, server.key_pkcs8);
        join_handlers.add_to(router);
        handlers.add_to(router);
        group.spawn("accept", take_all(listener, *tls, source_of_identity, router, group));
        put_group("east");
        put_endpoint("ep_a", {"a.test"}, "east");
        put_endpoint("ep_b", {"b.test"}, "west");
    }
    ~MemberSourceTest() override
    {
        listener.close();
        test::run(loop, group.stop());
    }

    // As the control node's API makes one.
    Invitation invite(const std::string& edge_group = "east")
    {
        Invitation made{base::random_secret(), members->fingerprint()};
        model::Token token;
        token.id = base::new_id("tok");
        token.secret_hash = hash_of(made.secret);
        token.scopes = {"join:" + edge_group};
        token.created_at = clock.now();
        token.expires_at = wall.now() + std::chrono::hours(1);
        EXPECT_TRUE(write([token](store::Transaction& tx) { return tx.tokens.put(token); }));
        return made;
    }

    MemberSource member(std::optional<Invitation> invitation, const std::string& name = "one")
    {
        MemberOptions options;
        options.controls = {"https://" + net::to_string(listener.where()) + "/"};
        options.invitation = std::move(invitation);
        options.folder = folder.path() / name;
        std::filesystem::create_directories(options.folder);
        options.identity = {"edge_unasked", name, "0.1"};
        return {loop.get_executor(), at_edge, std::move(options)};
    }

    std::vector<model::EdgeNode> edges()
    {
        return test::run(loop, store->read([](store::Transaction& tx) { return tx.edges.all(); })).value();
    }

    base::SystemClock wall;
    base::ManualClock at_edge{base::SystemClock().now()};
    boost::asio::thread_pool pool{1};
    std::unique_ptr<Members> members;
    JoinHandlers join_handlers;
    FeedHandlers handlers;
    http::Router router;
    std::unique_ptr<net::TlsServer> tls;
    OneIdentity source_of_identity;
    net::Listener listener;
    base::TaskGroup group;
};

TEST_F(MemberSourceTest, JoinsOnceAndFollowsItsGroupWithoutATokenFromThenOn)
{
    auto first = member(invite());
    const auto batch = test::run(loop, first.next({}));
    ASSERT_TRUE(batch) << batch.error().message();
    ASSERT_TRUE(test::run(loop, first.acknowledge(head())));
    ASSERT_EQ(edges().size(), 1U);
    EXPECT_EQ(edges()[0].name, "one");
    EXPECT_EQ(edges()[0].group, "east");
    EXPECT_EQ(edges()[0].revision, head().number);
    EXPECT_TRUE(edges()[0].certificate_until);
    std::vector<std::string> routes;
    for (const auto& change : batch->changes) {
        if (change.kind == model::RevisionKind::route) {
            routes.push_back(change.key);
        }
    }
    EXPECT_THAT(routes, testing::ElementsAre("ep_a"));

    auto started_again = member(std::nullopt);
    EXPECT_TRUE(test::run(loop, started_again.next({})));
    EXPECT_EQ(edges().size(), 1U);
    const auto mode = std::filesystem::status(folder.path() / "one" / "membership.pem").permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(MemberSourceTest, AnInvitationWorksOnce)
{
    const auto invitation = invite();
    auto first = member(invitation, "one");
    auto second = member(invitation, "two");
    ASSERT_TRUE(test::run(loop, first.next({})));

    const auto refused = test::run(loop, second.next({}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "invitation_invalid");
    EXPECT_FALSE(refused.error().fix().empty());
    EXPECT_EQ(edges().size(), 1U);
}

TEST_F(MemberSourceTest, SendsNoSecretToWhoeverShowsAnotherRoot)
{
    auto invitation = invite();
    const auto good = invitation;
    invitation.root_hash = std::string(64, 'a');
    auto deceived = member(invitation, "one");

    const auto refused = test::run(loop, deceived.next({}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "control_not_trusted");
    auto honest = member(good, "two");
    EXPECT_TRUE(test::run(loop, honest.next({}))) << "the invitation was not spent";
}

TEST_F(MemberSourceTest, TrustsNothingThatWasSentBesideThePinnedRoot)
{
    // Whoever stands between shows the real root, and a certificate of its own that OpenSSL would trust too.
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    const auto chain = crypto::self_signed(key, {"127.0.0.1"}, 3).value();
    auto own = chain;
    for (const auto* word : {"BEGIN CERTIFICATE", "END CERTIFICATE"}) {
        own.insert(own.find(word) + std::string_view(word).find(' ') + 1, "TRUSTED ");
    }
    OneIdentity between;
    between.identity = identity_of(chain, key.to_pkcs8());
    auto there =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    bool asked_to_join = false;
    http::Router answers;
    answers.add("GET", "/feed/v1/root",
                [text = own + std::string(members->root_pem()) + own](
                    http::Exchange& exchange, const http::RouteMatch&) -> boost::asio::awaitable<void> {
                    return say(exchange, text);
                });
    answers.add("POST", "/feed/v1/join",
                [&](http::Exchange& exchange, const http::RouteMatch&) -> boost::asio::awaitable<void> {
                    asked_to_join = true;
                    return say(exchange, "no");
                });
    group.spawn("between", take_all(there, *tls, between, answers, group));
    MemberOptions options;
    options.controls = {"https://" + net::to_string(there.where())};
    options.invitation = invite();
    options.folder = folder.path() / "deceived";
    std::filesystem::create_directories(options.folder);
    options.identity = {"edge_unasked", "deceived", "0.1"};
    MemberSource source(loop.get_executor(), at_edge, std::move(options));

    const auto refused = test::run(loop, source.next({}));
    there.close();

    EXPECT_FALSE(refused);
    EXPECT_FALSE(asked_to_join) << "the invitation was sent";
}

TEST_F(MemberSourceTest, AnInvitationOfAnotherControlNodeIsUsedThoughAMembershipIsThere)
{
    auto first = member(invite());
    ASSERT_TRUE(test::run(loop, first.next({})));
    at_edge.advance(std::chrono::hours(24 * 100));  // its certificate has ended

    auto again = member(invite());
    const auto batch = test::run(loop, again.next(head()));

    ASSERT_TRUE(batch) << batch.error().message();
    EXPECT_TRUE(batch->snapshot) << "what was followed before may be another group's";
    EXPECT_EQ(edges().size(), 2U);
}

TEST_F(MemberSourceTest, AnEdgeCannotPlayControl)
{
    auto honest = member(invite(), "one");
    ASSERT_TRUE(test::run(loop, honest.next({})));
    // Another edge serves with the certificate that it got as a client.
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    const auto request = crypto::make_csr(key, {"edge.certwright.internal"}).value();
    const auto invitation = invite();
    const auto stolen =
        test::run(loop, members->join(hash_of(invitation.secret), request, "two", "0.1")).value();
    source_of_identity.identity = identity_of(stolen.chain, key.to_pkcs8());
    auto started_again = member(std::nullopt, "one");

    const auto refused = test::run(loop, started_again.next({}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "tls_untrusted") << refused.error().message();
}

TEST_F(MemberSourceTest, ItTrustsNoOtherRootOnceItHasJoined)
{
    auto source = member(invite());
    ASSERT_TRUE(test::run(loop, source.next({})));
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    const auto chain = crypto::self_signed(key, {"127.0.0.1"}, 3).value();
    source_of_identity.identity = identity_of(chain, key.to_pkcs8());
    auto started_again = member(std::nullopt);

    const auto refused = test::run(loop, started_again.next({}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "tls_untrusted") << refused.error().message();
}

TEST_F(MemberSourceTest, ARemovedEdgeIsOutAtOnceUntilItIsInvitedAgain)
{
    auto first = member(invite());
    ASSERT_TRUE(test::run(loop, first.next({})));
    const auto id = edges()[0].id;
    ASSERT_TRUE(write([id, at = clock.now()](store::Transaction& tx) { return tx.edges.remove(id, at); }));

    const auto refused = test::run(loop, first.next({}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "edge_removed");
    EXPECT_FALSE(test::run(loop, first.acknowledge(head())));

    auto again = member(invite());
    EXPECT_TRUE(test::run(loop, again.next({})));
    ASSERT_EQ(edges().size(), 2U);
    EXPECT_NE(edges()[0].id, edges()[1].id);
}

TEST_F(MemberSourceTest, RenewsItsCertificateLongBeforeItsEnd)
{
    auto source = member(invite());
    ASSERT_TRUE(test::run(loop, source.next({})));
    const auto file = folder.path() / "one" / "membership.pem";
    const auto before = std::filesystem::last_write_time(file);
    at_edge.advance(std::chrono::hours(24 * 29));
    ASSERT_TRUE(test::run(loop, source.next({})));
    EXPECT_EQ(std::filesystem::last_write_time(file), before);

    at_edge.advance(std::chrono::hours(24 * 2));
    ASSERT_TRUE(test::run(loop, source.next({})));

    EXPECT_NE(std::filesystem::last_write_time(file), before);
    EXPECT_TRUE(test::run(loop, source.next({}))) << "with the new one";
    EXPECT_EQ(edges().size(), 1U);
}

TEST_F(MemberSourceTest, WithoutCertificateAndInvitationItSaysWhatToDo)
{
    auto source = member(std::nullopt);

    const auto refused = test::run(loop, source.next({}));

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().fix(), testing::HasSubstr("certwright edge invite"));
}

TEST_F(MemberSourceTest, EveryControlNodeHasTheSameRoot)
{
    const auto other = test::run(loop, Members::open(*store, sealer, wall)).value();

    EXPECT_EQ(other->root_pem(), members->root_pem());
    EXPECT_EQ(other->fingerprint(), members->fingerprint());
}

TEST(Invitation, IsASecretAndAHash)
{
    const std::string hash(64, '0');
    EXPECT_EQ(invitation_from("abc." + hash)->secret, "abc");
    EXPECT_EQ(invitation_from("abc." + hash)->root_hash, hash);
    for (const std::string& text : {std::string("abc"), std::string(), "." + hash, "abc." + hash + "0",
                                    "abc." + std::string(64, 'G')}) {
        EXPECT_FALSE(invitation_from(text)) << text;
    }
}

}  // namespace
}  // namespace feed
