// The ACME client against the real Pebble, in every version that is installed, at its meanest.
#include "acme/client.h"
#include "base/random.h"
#include "base/task_group.h"
#include "crypto/certificate.h"
#include "support/pebble.h"
#include "support/run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto patience = 60s;

test::PebbleOptions mean()
{
    test::PebbleOptions options;
    options.nonce_reject = 50;
    options.authz_reuse = 50;
    options.sleep_seconds = 2;
    options.always_valid = true;
    options.alternate_roots = 2;
    options.chain_length = 3;
    return options;
}

std::string new_name()
{
    return base::random_label(12) + ".test";
}

acme::NewOrder order_for(const std::vector<std::string>& names)
{
    acme::NewOrder order;
    for (const auto& name : names) {
        order.identifiers.push_back({"dns", name});
    }
    return order;
}

// Answers one challenge of every authorization that is not valid yet.
base::Task<> prove(acme::Client& client, std::vector<std::string> authorizations)
{
    for (const auto& url : authorizations) {
        CO_TRY(authorization, co_await client.fetch_authorization(url));
        const auto* challenge = authorization.find("dns-01");
        if (authorization.status == "pending" && challenge == nullptr) {
            co_return base::fail(base::Errc::internal, "no challenge of type dns-01");
        }
        if (authorization.status == "pending") {
            CO_CHECKED(co_await client.answer_challenge(challenge->url));
        }
    }
    co_return base::Result<>();
}

struct Issued {
    acme::OrderResource order;
    acme::IssuedChain chain;
    crypto::Chain parsed;
};

// The whole way from the order to a chain that fits key and names.
base::Task<Issued> issue(acme::Client& client, acme::NewOrder wanted, std::string preferred)
{
    std::vector<std::string> names;
    for (const auto& identifier : wanted.identifiers) {
        names.push_back(identifier.value);
    }
    CO_TRY(order, co_await client.new_order(std::move(wanted)));
    CO_CHECKED(co_await prove(client, order.authorizations));
    CO_TRY(ready, co_await client.wait_for_order(order.url, patience));
    if (ready.status != "ready") {
        co_return base::fail(base::Errc::internal, "the order is " + ready.status);
    }
    CO_TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    CO_TRY(csr, crypto::make_csr(key, names));
    CO_CHECKED(co_await client.finalize(order.finalize, csr));
    CO_TRY(valid, co_await client.wait_for_order(order.url, patience));
    CO_TRY(chain, co_await client.download(valid.certificate, std::move(preferred)));
    CO_TRY(parsed, crypto::check_upload(chain.pem, key.to_pem(), names, base::SystemClock().now()));
    co_return Issued{std::move(valid), std::move(chain), std::move(parsed)};
}

// A client with an account key of its own, and the loop it runs on.
struct Session {
    explicit Session(const test::Pebble& pebble)
        : http(http::make_client(loop.get_executor(), options(pebble))),
          client(acme::make_client(*http, clock, pebble.directory_url(),
                                   crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value()))
    {
    }

    static http::ClientOptions options(const test::Pebble& pebble)
    {
        http::ClientOptions result;
        result.user_agent = "certwright-test/1";
        result.trust_file = pebble.trust_file();
        return result;
    }

    template <class T>
    base::Result<T> run(base::Task<T> task)
    {
        return test::run(loop, std::move(task), std::chrono::seconds(90));
    }
    base::Result<acme::Account> enroll()
    {
        return run(client->register_account({"ops@shop.test"}, std::nullopt));
    }

    asio::io_context loop{1};
    base::SystemClock clock;
    std::unique_ptr<http::Client> http;
    std::unique_ptr<acme::Client> client;
};

class AcmePebble : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        if (test::pebble_program(GetParam()).empty()) {
            GTEST_SKIP() << "\n*** Pebble " << GetParam() << " IS NOT INSTALLED: run tools/peers. ***\n";
        }
    }
    static bool has_ari() { return std::string_view(GetParam()) != "2.4"; }
    static bool is_newest() { return std::string_view(GetParam()) == "2.10"; }

    static test::Pebble start(test::PebbleOptions options)
    {
        options.version = GetParam();
        return test::Pebble(std::move(options));
    }
};

INSTANTIATE_TEST_SUITE_P(Versions, AcmePebble, testing::Values("2.4", "2.6", "2.10"),
                         [](const auto& version) {
                             std::string name = version.param;
                             std::ranges::replace(name, '.', '_');
                             return "Pebble" + name;
                         });

std::string joined(const std::vector<std::string>& texts)
{
    return fmt::format("{}", fmt::join(texts, "\n"));
}

}  // namespace

TEST(AcmePebble, AtLeastOnePebbleIsInstalled)
{
    EXPECT_FALSE(test::pebble_versions().empty()) << "run tools/peers";
}

TEST_P(AcmePebble, RegistersFindsAndDeactivatesAccounts)
{
    const auto pebble = start(mean());
    Session session(pebble);

    const auto unknown = session.run(session.client->find_account());
    const auto created = session.enroll();
    const auto again = session.enroll();
    const auto found = session.run(session.client->find_account());

    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind(), base::Errc::not_found);
    EXPECT_EQ(unknown.error().code(), "acme:accountDoesNotExist");
    ASSERT_TRUE(created) << created.error().message();
    ASSERT_TRUE(again);
    ASSERT_TRUE(found);
    EXPECT_TRUE(created->created);
    EXPECT_FALSE(again->created);
    EXPECT_EQ(created->url, again->url);
    EXPECT_EQ(created->url, found->url);
    EXPECT_EQ(found->status, "valid");
    ASSERT_TRUE(session.run(session.client->deactivate_account()));
    const auto refused = session.run(session.client->new_order(order_for({new_name()})));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::unauthorized);
}

TEST_P(AcmePebble, NothingIsSignedBeforeTheAccountIsKnown)
{
    const auto pebble = start(mean());
    Session session(pebble);

    const auto order = session.run(session.client->new_order(order_for({new_name()})));

    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().kind(), base::Errc::unauthorized);
}

TEST_P(AcmePebble, IssuesForSeveralNamesAndWildcards)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    const auto name = new_name();

    const auto issued = session.run(issue(*session.client, order_for({name, "*." + name, new_name()}), ""));

    ASSERT_TRUE(issued) << issued.error().message();
    EXPECT_EQ(issued->order.identifiers.size(), 3U);
    EXPECT_EQ(issued->parsed.leaf.identifiers.size(), 3U);
    EXPECT_EQ(issued->parsed.der.size(), 4U);  // leaf and three intermediates
    EXPECT_EQ(issued->chain.alternates.size(), 2U);
}

TEST_P(AcmePebble, IssuesForAddresses)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    acme::NewOrder wanted;
    wanted.identifiers.push_back({"ip", "127.0.0.1"});

    const auto order = session.run(session.client->new_order(wanted));

    ASSERT_TRUE(order) << order.error().message();
    const auto authorization = session.run(session.client->fetch_authorization(order->authorizations.at(0)));
    ASSERT_TRUE(authorization);
    EXPECT_EQ(authorization->identifier, (acme::Identifier{"ip", "127.0.0.1"}));
    EXPECT_NE(authorization->find("http-01"), nullptr);
    EXPECT_EQ(authorization->find("dns-01"), nullptr);
}

TEST_P(AcmePebble, IssuesManyOrdersAtOnceWithHalfOfTheNoncesRefused)
{
    // Where orders at once share a name and Pebble reuses authorizations, it stands still for good now and
    // then: no request is answered any more. Reuse has a test of its own.
    auto options = mean();
    options.authz_reuse = 0;
    const auto pebble = start(options);
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    struct One {
        static asio::awaitable<void> run(acme::Client& client, std::vector<std::string> names,
                                         std::set<std::string>& serials, std::vector<std::string>& failures)
        {
            const auto issued = co_await issue(client, order_for(names), "");
            if (issued) {
                serials.insert(issued->parsed.leaf.serial);
            } else {
                failures.push_back(issued.error().message());
            }
        }
    };
    constexpr std::size_t count = 12;  // with 32 Pebble stands still now and then: no request is answered
    const auto shared = new_name();
    std::set<std::string> serials;
    std::vector<std::string> failures;
    base::TaskGroup group(session.loop.get_executor());
    for (std::size_t i = 0; i < count; ++i) {
        const std::vector<std::string> names{new_name(), i % 2 == 0 ? shared : new_name()};
        group.spawn("order", One::run(*session.client, names, serials, failures));
    }

    test::run(session.loop, group.join(), 90s);

    EXPECT_EQ(joined(failures), "");
    EXPECT_EQ(serials.size(), count);
}

TEST_P(AcmePebble, UsesAuthorizationsThatAreAlreadyValid)
{
    auto options = mean();
    options.authz_reuse = 100;
    const auto pebble = start(options);
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    const auto name = new_name();
    ASSERT_TRUE(session.run(issue(*session.client, order_for({name}), "")));

    const auto order = session.run(session.client->new_order(order_for({name})));

    ASSERT_TRUE(order);
    const auto authorization = session.run(session.client->fetch_authorization(order->authorizations.at(0)));
    ASSERT_TRUE(authorization);
    EXPECT_EQ(authorization->status, "valid");
    const auto ready = session.run(session.client->wait_for_order(order->url, patience));
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->status, "ready");
    ASSERT_TRUE(session.run(session.client->deactivate_authorization(authorization->url)));
}

TEST_P(AcmePebble, ChoosesTheChainWithThePreferredRoot)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    for (const auto* path : {"/roots/0", "/roots/1", "/roots/2"}) {
        http::ClientRequest request("GET", pebble.management_url(path));
        const auto root = session.run(session.http->send(std::move(request)));
        ASSERT_TRUE(root) << root.error().message();
        const auto parsed = crypto::parse_chain(root->body);
        ASSERT_TRUE(parsed);
        const auto wanted = parsed->leaf.subject_common_name;

        const auto issued = session.run(issue(*session.client, order_for({new_name()}), wanted));

        ASSERT_TRUE(issued) << issued.error().message();
        const auto top = crypto::parse_chain(crypto::to_pem({issued->parsed.der.back()}));
        ASSERT_TRUE(top);
        EXPECT_EQ(top->leaf.issuer, wanted);
    }
    EXPECT_TRUE(session.run(issue(*session.client, order_for({new_name()}), "No Such Root")));
}

TEST_P(AcmePebble, RevokesOnceAndAgain)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    const auto issued = session.run(issue(*session.client, order_for({new_name()}), ""));
    ASSERT_TRUE(issued) << issued.error().message();
    const auto leaf = issued->parsed.der.front();

    EXPECT_TRUE(session.run(session.client->revoke(leaf, 4)));
    EXPECT_TRUE(session.run(session.client->revoke(leaf, 4)));
    const auto refused = session.run(session.client->revoke({1, 2, 3}, 0));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().code().starts_with("acme:"));
}

TEST_P(AcmePebble, AsksWhenToRenewAndSaysWhatIsReplaced)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    auto wanted = order_for({new_name()});
    const auto issued = session.run(issue(*session.client, wanted, ""));
    ASSERT_TRUE(issued) << issued.error().message();

    const auto renewal = session.run(session.client->renewal_info(issued->parsed.leaf.ari_id));
    wanted.replaces = issued->parsed.leaf.ari_id;
    const auto successor = session.run(issue(*session.client, wanted, ""));

    ASSERT_TRUE(successor) << successor.error().message();
    if (!has_ari()) {
        ASSERT_FALSE(renewal);
        EXPECT_EQ(renewal.error().kind(), base::Errc::not_found);
        return;
    }
    ASSERT_TRUE(renewal) << renewal.error().message();
    EXPECT_GT(renewal->start, issued->parsed.leaf.not_before);
    EXPECT_LT(renewal->end, issued->parsed.leaf.not_after);
    EXPECT_EQ(renewal->retry_after, 21600s);
    if (is_newest()) {
        const auto twice = session.run(session.client->new_order(wanted));
        ASSERT_FALSE(twice);
        EXPECT_EQ(twice.error().kind(), base::Errc::conflict);
        EXPECT_EQ(twice.error().code(), "acme:alreadyReplaced");
    }
}

TEST_P(AcmePebble, BindsAccountsToExternalOnes)
{
    auto options = mean();
    options.external_accounts = {
        {"kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}};
    const auto pebble = start(options);
    Session session(pebble);
    const acme::ExternalAccount good{"kid-1",
                                     base::from_base64url(options.external_accounts["kid-1"]).value()};
    const acme::ExternalAccount wrong{"kid-1", base::Bytes(32, 1)};

    const auto without = session.run(session.client->register_account({}, std::nullopt));
    const auto with_wrong = session.run(session.client->register_account({}, wrong));
    const auto with_good = session.run(session.client->register_account({}, good));

    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().code(), "acme:externalAccountRequired");
    EXPECT_FALSE(without.error().fix().empty());
    EXPECT_FALSE(with_wrong);
    ASSERT_TRUE(with_good) << with_good.error().message();
    EXPECT_TRUE(session.run(session.client->directory())->external_account_required);
    EXPECT_TRUE(session.run(issue(*session.client, order_for({new_name()}), "")));
}

TEST_P(AcmePebble, TellsWhyANameIsRefused)
{
    auto options = mean();
    options.blocked = {"blocked.test"};
    const auto pebble = start(options);
    Session session(pebble);
    ASSERT_TRUE(session.enroll());

    const auto blocked = session.run(session.client->new_order(order_for({"www.blocked.test"})));
    const auto broken = session.run(session.client->new_order(order_for({"two words"})));

    ASSERT_FALSE(blocked);
    EXPECT_EQ(blocked.error().code(), "acme:rejectedIdentifier");
    EXPECT_EQ(blocked.error().kind(), base::Errc::invalid);
    ASSERT_FALSE(broken);
    EXPECT_TRUE(broken.error().code().starts_with("acme:")) << broken.error().code();
}

TEST_P(AcmePebble, TellsWhyAChallengeFailed)
{
    auto options = mean();
    options.always_valid = false;
    options.sleep_seconds = 0;
    options.dns_server = fmt::format("127.0.0.1:{}", test::free_port());
    const auto pebble = start(options);
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    const auto order = session.run(session.client->new_order(order_for({new_name()})));
    ASSERT_TRUE(order);
    ASSERT_TRUE(session.run(prove(*session.client, order->authorizations)));

    const auto ended = session.run(session.client->wait_for_order(order->url, patience));

    ASSERT_TRUE(ended) << ended.error().message();
    EXPECT_EQ(ended->status, "invalid");
    const auto authorization = session.run(session.client->fetch_authorization(order->authorizations.at(0)));
    ASSERT_TRUE(authorization);
    EXPECT_EQ(authorization->status, "invalid");
    const auto* challenge = authorization->find("dns-01");
    ASSERT_NE(challenge, nullptr);
    EXPECT_FALSE(challenge->problem.none());
}

TEST_P(AcmePebble, WaitingForAnOrderEndsWithItsLimit)
{
    const auto pebble = start(mean());
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    const auto order = session.run(session.client->new_order(order_for({new_name()})));
    ASSERT_TRUE(order);

    const auto ended = session.run(session.client->wait_for_order(order->url, 1s));

    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind(), base::Errc::timeout);
}

TEST_P(AcmePebble, OrdersByProfile)
{
    auto options = mean();
    options.profiles = {{"short", 6 * 24h}, {"classic", 90 * 24h}};
    const auto pebble = start(options);
    Session session(pebble);
    ASSERT_TRUE(session.enroll());
    auto wanted = order_for({new_name()});
    wanted.profile = "unheard-of";
    const auto refused = session.run(session.client->new_order(wanted));
    wanted.profile = "short";
    const auto issued = session.run(issue(*session.client, wanted, ""));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "acme:invalidProfile");
    if (!is_newest()) {
        EXPECT_FALSE(issued);
        return;
    }
    ASSERT_TRUE(issued) << issued.error().message();
    EXPECT_TRUE(refused.error().message().contains("short")) << refused.error().message();
    EXPECT_EQ(issued->order.profile, "short");
    EXPECT_LE(issued->parsed.leaf.not_after - issued->parsed.leaf.not_before, 7 * 24h);
}
