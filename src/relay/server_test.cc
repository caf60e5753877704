// What the server insists on, by requests that no good client sends.
#include "relay/server.h"

#include "relay/testing/server_fixture.h"

#include <gmock/gmock.h>

namespace {

namespace json = boost::json;
using test::ari_id;
using test::MemoryCa;
using test::RawClient;
using test::RawReply;
using namespace std::chrono_literals;

class Server : public test::ServerTest {};

}  // namespace

TEST_F(Server, DirectoryNamesEveryResource)
{
    const auto directory = client_.get("/directory").object();

    for (const auto* name :
         {"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"}) {
        EXPECT_TRUE(directory.at(name).as_string().starts_with(test::ca_url)) << name;
    }
    EXPECT_EQ(directory.at("meta").at("profiles").as_object().size(), 3U);
    EXPECT_FALSE(directory.at("meta").at("externalAccountRequired").as_bool());
}

TEST_F(Server, NoncesServeOnce)
{
    EXPECT_EQ(client_.get("/acme/new-nonce", "HEAD").status, 200);
    EXPECT_EQ(client_.get("/acme/new-nonce").status, 204);
    const auto header = client_.header("/acme/new-acct");
    const auto body = client_.sign(header, "{}");

    EXPECT_EQ(client_.post_body("/acme/new-acct", body).status, 201);
    const auto again = client_.post_body("/acme/new-acct", body);
    expect_problem(again, 400, "badNonce");
    EXPECT_FALSE(again.header("Replay-Nonce").empty());
    ca_.faults.behaviour.bad_nonce_percent = 100;
    expect_problem(client_.enroll(), 400, "badNonce");
}

TEST_F(Server, RefusesWhatIsNotSignedAsItMustBe)
{
    client_.enroll();
    expect_problem(spoilt("nonce", "made-up"), 400, "badNonce");
    expect_problem(spoilt("nonce", nullptr), 400, "malformed");
    expect_problem(spoilt("url", "https://ca.test/acme/new-acct"), 403, "unauthorized");
    expect_problem(spoilt("alg", "none"), 400, "badSignatureAlgorithm");
    expect_problem(spoilt("alg", "HS256"), 400, "badSignatureAlgorithm");
    expect_problem(spoilt("alg", "ES384"), 400, "badSignatureAlgorithm");
    expect_problem(spoilt("crit", json::array{"b64"}), 400, "malformed");
    expect_problem(spoilt("jwk", json::object{{"kty", "EC"}}), 400, "malformed");
    expect_problem(spoilt("kid", "https://ca.test/acme/acct/nobody"), 400, "accountDoesNotExist");
    expect_problem(spoilt("kid", "https://elsewhere.test/acme/acct/1"), 400, "malformed");
    EXPECT_EQ(spoilt("alg", "PS256").object().at("algorithms").as_array().size(), 4U);

    auto body = client_.sign(client_.header("/acme/new-order"), RawClient::order_payload({"a.test"}));
    RawClient other(ca_);
    other.account = client_.account;
    expect_problem(other.order({"a.test"}), 400, "malformed");  // another key's signature
    expect_problem(client_.post_body("/acme/new-order", "{}"), 400, "malformed");
    expect_problem(client_.post_body("/acme/new-order", "no json"), 400, "malformed");
    body.insert(1, R"("header":{},)");
    expect_problem(client_.post_body("/acme/new-order", body), 400, "malformed");
}

TEST_F(Server, RefusesWhatIsNotAskedAsItMustBe)
{
    relay::Call call;
    call.method = "POST";
    call.target = "/acme/new-acct";
    call.headers = {{"User-Agent", "test"}, {"Content-Type", "application/json"}};
    expect_problem(client_.send(call), 415, "malformed");
    call.headers = {{"Content-Type", "application/jose+json"}};
    expect_problem(client_.send(call), 400, "malformed");
    const auto wrong = client_.get("/acme/new-order");
    expect_problem(wrong, 405, "malformed");
    EXPECT_EQ(wrong.header("Allow"), "POST");
    expect_problem(client_.get("/nothing"), 404, "malformed");
    expect_problem(client_.get("/acme/order/a/b/c/d/e/f"), 404, "malformed");
}

TEST_F(Server, AccountsAreFoundByTheirKey)
{
    expect_problem(client_.post("/acme/new-acct", R"({"onlyReturnExisting":true})"), 400,
                   "accountDoesNotExist");
    expect_problem(client_.post("/acme/new-acct", R"({"contact":["tel:1"]})"), 400, "unsupportedContact");
    expect_problem(client_.post("/acme/new-acct", R"({"contact":["mailto:nobody"]})"), 400, "invalidContact");
    expect_problem(client_.post("/acme/new-acct", R"({"contact":"mailto:a@b.test"})"), 400, "malformed");
    const auto made = client_.post("/acme/new-acct", R"({"contact":["mailto:a@b.test"]})");
    const auto again = client_.post("/acme/new-acct", "{}");

    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(made.header("Location"), again.header("Location"));
    client_.account = made.header("Location");
    EXPECT_EQ(client_.fetch(client_.account).object().at("contact").as_array().size(), 1U);
    EXPECT_EQ(client_.post(RawClient::path_of(client_.account), R"({"status":"deactivated"})").text("status"),
              "deactivated");
    expect_problem(client_.order({"a.test"}), 403, "unauthorized");
    client_.account.clear();
    expect_problem(client_.enroll(), 403, "unauthorized");
}

TEST_F(Server, ExternalAccountsAreProved)
{
    const base::Bytes key(32, 9);
    MemoryCa ca({}, {}, {{"kid-1", key}});
    const auto account_key = test::new_key();
    RawClient client(ca, account_key);
    const auto bind = [&](const base::Bytes& mac_key, const std::string& kid, const std::string& jwk) {
        const auto header =
            fmt::format(R"({{"alg":"HS256","kid":"{}","url":"{}/acme/new-acct"}})", kid, test::ca_url);
        return fmt::format(R"({{"externalAccountBinding":{}}})", crypto::sign_jws_hmac(mac_key, header, jwk));
    };
    const auto own = crypto::to_jwk(account_key);

    expect_problem(client.post("/acme/new-acct", "{}"), 403, "externalAccountRequired");
    expect_problem(client.post("/acme/new-acct", bind(base::Bytes(32, 8), "kid-1", own)), 403,
                   "unauthorized");
    expect_problem(client.post("/acme/new-acct", bind(key, "kid-2", own)), 403, "unauthorized");
    expect_problem(client.post("/acme/new-acct", bind(key, "kid-1", crypto::to_jwk(test::new_key()))), 400,
                   "malformed");
    EXPECT_EQ(client.post("/acme/new-acct", bind(key, "kid-1", own)).status, 201);
}

TEST_F(Server, KeysAreChanged)
{
    const auto old_key = test::new_key();
    const auto new_key = test::new_key(model::KeyType::rsa_2048);
    RawClient client(ca_, old_key);
    client.enroll();
    const auto inner = [&](const crypto::PrivateKey& signer, const std::string& account) {
        const json::object header{{"alg", crypto::jws_algorithm(signer)},
                                  {"jwk", json::parse(crypto::to_jwk(signer))},
                                  {"url", test::ca_url + "/acme/key-change"}};
        const json::object payload{{"account", account}, {"oldKey", json::parse(crypto::to_jwk(old_key))}};
        return crypto::sign_jws(signer, json::serialize(header), json::serialize(payload)).value();
    };

    expect_problem(client.post("/acme/key-change", inner(new_key, client.account + "x")), 400, "malformed");
    const auto taken = client.post("/acme/key-change", inner(old_key, client.account));
    expect_problem(taken, 409, "conflict");
    EXPECT_EQ(taken.header("Location"), client.account);
    EXPECT_EQ(client.post("/acme/key-change", inner(new_key, client.account)).status, 200);
    expect_problem(client.order({"a.test"}), 400, "badSignatureAlgorithm");  // the old key is no more
    RawClient changed(ca_, new_key);
    EXPECT_EQ(changed.enroll().status, 200);
    EXPECT_EQ(changed.account, client.account);
}

TEST_F(Server, OrdersAreForNamesThatCanBe)
{
    client_.enroll();
    expect_problem(client_.post("/acme/new-order", "{}"), 400, "malformed");
    expect_problem(client_.order({}), 400, "malformed");
    expect_problem(client_.order({"two words"}), 400, "malformed");
    expect_problem(client_.order({"a.*.test"}), 400, "malformed");
    expect_problem(client_.order({"\xc3\xa4.test"}), 400, "malformed");
    expect_problem(client_.order({"a.test."}), 400, "malformed");
    expect_problem(client_.order({"localhost"}), 400, "rejectedIdentifier");
    expect_problem(client_.order({"co.uk"}), 400, "rejectedIdentifier");
    expect_problem(client_.order({"www.blocked.test"}), 400, "rejectedIdentifier");
    expect_problem(client_.order({"www.www.a.test"}), 400, "rejectedIdentifier");
    expect_problem(client_.order({"*.a.test", "b.a.test"}), 400, "malformed");
    expect_problem(client_.order({"a.test"}, R"(,"notAfter":"2027-01-01T00:00:00Z")"), 400, "malformed");
    expect_problem(client_.order({"a.test"}, R"(,"profile":"fancy")"), 400, "invalidProfile");
    expect_problem(client_.post("/acme/new-order", R"({"identifiers":[{"type":"email","value":"a@b"}]})"),
                   400, "unsupportedIdentifier");
    expect_problem(client_.post("/acme/new-order", R"({"identifiers":[{"type":"ip","value":"127.0.0.01"}]})"),
                   400, "malformed");
    const auto several = client_.order({"x.blocked.test", "good.test", "y.blocked.test"});
    expect_problem(several, 400, "rejectedIdentifier");
    EXPECT_EQ(several.object().at("subproblems").as_array().size(), 2U);
    std::vector<std::string> many;
    for (int i = 0; i < 101; ++i) {
        many.push_back(fmt::format("n{}.test", i));
    }
    expect_problem(client_.order(many), 400, "malformed");
    const auto good = client_.order({"A.test", "a.TEST", "*.b.test"});
    EXPECT_EQ(good.status, 201);
    EXPECT_EQ(good.object().at("identifiers").as_array().size(), 2U);
}

TEST_F(Server, WildcardsAreProvedByDnsAlone)
{
    client_.enroll();
    const auto order = client_.order({"*.a.test"});
    const auto url = std::string(order.object().at("authorizations").as_array().at(0).as_string());
    const auto authorization = client_.fetch(url).object();

    EXPECT_TRUE(authorization.at("wildcard").as_bool());
    EXPECT_EQ(authorization.at("identifier").at("value").as_string(), "a.test");
    ASSERT_EQ(authorization.at("challenges").as_array().size(), 1U);
    EXPECT_EQ(authorization.at("challenges").as_array()[0].at("type").as_string(), "dns-01");
}

TEST_F(Server, IssuesByProfileAndOffersOtherChains)
{
    client_.enroll();
    const auto key = test::new_key();
    const auto chain = client_.issue({"a.test", "b.test"}, R"(,"profile":"shortlived")", key);

    ASSERT_EQ(chain.status, 200) << chain.body;
    EXPECT_EQ(chain.header("Content-Type"), "application/pem-certificate-chain");
    const auto parsed = crypto::parse_chain(chain.body).value();
    EXPECT_EQ(parsed.leaf.not_after - parsed.leaf.not_before, 160h - 1s);
    EXPECT_EQ(parsed.leaf.public_der, key.public_der());
    EXPECT_TRUE(parsed.leaf.subject_common_name.empty());
    const auto link = chain.header("Link");
    ASSERT_TRUE(link.ends_with(">;rel=\"alternate\"")) << link;
    const auto other = client_.fetch(link.substr(1, link.find('>') - 1));
    EXPECT_EQ(other.status, 200);
    EXPECT_NE(other.body, chain.body);
    EXPECT_EQ(crypto::parse_chain(other.body)->leaf.sha256, parsed.leaf.sha256);
}

TEST_F(Server, FinalizesOnlyWhatIsReadyWithARequestThatFits)
{
    const auto account_key = test::new_key();
    RawClient client(ca_, account_key);
    client.enroll();
    const auto order = client.order({"a.test"});
    expect_problem(client.finalize(order, {"a.test"}), 403, "orderNotReady");
    client.prove(order);

    expect_problem(client.finalize(order, {"b.test"}), 400, "badCSR");
    expect_problem(client.finalize(order, {"a.test", "b.test"}), 400, "badCSR");
    expect_problem(client.finalize(order, {"a.test"}, account_key), 400, "badCSR");
    expect_problem(client.post(RawClient::path_of(order.text("finalize")), R"({"csr":"AAAA"})"), 400,
                   "badCSR");
    expect_problem(client.post(RawClient::path_of(order.text("finalize")), R"({"csr":"%"})"), 400,
                   "malformed");
    EXPECT_EQ(client.finalize(order, {"a.test"}).text("status"), "valid");
    expect_problem(client.finalize(order, {"a.test"}), 403, "orderNotReady");
}

TEST_F(Server, AFailedChallengeEndsTheOrder)
{
    client_.enroll();
    ca_.validator.verdict = relay::Problem(403, "unauthorized", "no such file");
    const auto order = client_.order({"a.test"});
    client_.prove(order);
    const auto ended = client_.fetch(order.header("Location"));

    EXPECT_EQ(ended.text("status"), "invalid");
    EXPECT_EQ(ended.object().at("error").at("detail").as_string(), "no such file");
    const auto url = std::string(order.object().at("authorizations").as_array().at(0).as_string());
    const auto authorization = client_.fetch(url);
    EXPECT_EQ(authorization.text("status"), "invalid");
    EXPECT_EQ(authorization.object().at("challenges").as_array().size(), 1U);
    EXPECT_EQ(ca_.validator.seen.size(), 1U);
    EXPECT_TRUE(ca_.validator.seen[0].account_url == client_.account);
}

TEST_F(Server, TheSameOrderComesBackAndAuthorizationsServeAgain)
{
    client_.enroll();
    const auto first = client_.order({"a.test", "b.test"});
    const auto again = client_.order({"b.test", "a.test"});
    EXPECT_EQ(first.header("Location"), again.header("Location"));
    client_.prove(first);
    client_.finalize(first, {"a.test", "b.test"});
    const auto second = client_.order({"a.test", "b.test"});

    EXPECT_NE(first.header("Location"), second.header("Location"));
    EXPECT_EQ(second.text("status"), "ready");
    EXPECT_EQ(client_.order({"a.test"}, R"(,"profile":"tlsserver")").text("status"), "pending");
    ca_.clock.advance(30 * 24h);
    EXPECT_EQ(client_.order({"a.test"}).text("status"), "pending");
}

TEST_F(Server, OrdersThatGrowOldEnd)
{
    client_.enroll();
    const auto order = client_.order({"a.test"});
    ca_.clock.advance(7 * 24h);

    EXPECT_EQ(client_.fetch(order.header("Location")).text("status"), "invalid");
}

TEST_F(Server, OthersSeeNothingOfAnAccount)
{
    client_.enroll();
    const auto chain = client_.issue({"a.test"});
    const auto order = client_.order({"b.test"});
    RawClient other(ca_);
    other.enroll();

    expect_problem(other.fetch(order.header("Location")), 404, "malformed");
    expect_problem(other.fetch(std::string(order.object().at("authorizations").as_array().at(0).as_string())),
                   403, "unauthorized");
    expect_problem(other.fetch(client_.account), 403, "unauthorized");
    expect_problem(other.post(RawClient::path_of(order.text("finalize")), "{}"), 404, "malformed");
    EXPECT_EQ(chain.status, 200);
}

TEST_F(Server, ListsOrdersByThePage)
{
    relay::ServerSettings settings;
    settings.orders_per_page = 2;
    MemoryCa ca(settings);
    RawClient client(ca);
    client.enroll();
    for (const auto* name : {"a.test", "b.test", "c.test"}) {
        client.order({name});
    }
    const auto first = client.fetch(client.fetch(client.account).text("orders"));
    const auto link = first.header("Link");
    const auto second = client.fetch(link.substr(1, link.find('>') - 1));

    EXPECT_EQ(first.object().at("orders").as_array().size(), 2U);
    EXPECT_EQ(second.object().at("orders").as_array().size(), 1U);
}

TEST_F(Server, RevokesForThoseWhoMay)
{
    client_.enroll();
    const auto key = test::new_key();
    const auto chain = client_.issue({"a.test"}, "", key);
    const auto der = base::to_base64url(crypto::parse_chain(chain.body)->der.front());
    const auto payload = [&](int reason) {
        return fmt::format(R"({{"certificate":"{}","reason":{}}})", der, reason);
    };
    RawClient stranger(ca_);
    stranger.enroll();
    RawClient holder(ca_, key);
    RawClient nobody(ca_);

    expect_problem(client_.post("/acme/revoke-cert", payload(2)), 400, "badRevocationReason");
    expect_problem(client_.post("/acme/revoke-cert", R"({"certificate":"AAAA"})"), 400, "malformed");
    expect_problem(stranger.post("/acme/revoke-cert", payload(0)), 403, "unauthorized");
    expect_problem(nobody.post("/acme/revoke-cert", payload(0)), 403, "unauthorized");
    EXPECT_EQ(holder.post("/acme/revoke-cert", payload(1)).status, 200);
    expect_problem(client_.post("/acme/revoke-cert", payload(0)), 400, "alreadyRevoked");
    const auto window =
        client_.get("/acme/renewal-info/" + ari_id(chain)).object().at("suggestedWindow").as_object();
    EXPECT_EQ(window.at("end").as_string(), "2026-02-28T23:30:00Z");
}

TEST_F(Server, SaysWhenToRenewAndWhatMayBeReplaced)
{
    client_.enroll();
    const auto chain = client_.issue({"a.test"});
    const auto id = ari_id(chain);
    const auto renewal = client_.get("/acme/renewal-info/" + id);
    const auto replacing = fmt::format(R"(,"replaces":"{}")", id);

    EXPECT_EQ(renewal.header("Retry-After"), "21600");
    EXPECT_EQ(renewal.object().at("suggestedWindow").at("start").as_string().subview(0, 10), "2026-04-29");
    expect_problem(client_.get("/acme/renewal-info/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"), 404, "malformed");
    expect_problem(client_.order({"a.test"}, R"(,"replaces":"nonsense")"), 400, "malformed");
    expect_problem(client_.order({"a.test"}, R"(,"replaces":"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")"), 404,
                   "malformed");
    expect_problem(client_.order({"z.test"}, replacing), 400, "malformed");
    RawClient other(ca_);
    other.enroll();
    expect_problem(other.order({"a.test"}, replacing), 403, "unauthorized");
    const auto made = client_.order({"a.test", "c.test"}, replacing);
    EXPECT_EQ(made.text("replaces"), id);
    expect_problem(client_.order({"a.test"}, replacing), 409, "alreadyReplaced");
    ca_.validator.verdict = relay::Problem(403, "unauthorized", "no");
    client_.prove(made);
    EXPECT_EQ(client_.order({"a.test"}, replacing).status, 201) << "a failed order frees its predecessor";
}
