// What the server does by script, by limit, and when it takes its time.
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

class ServerFaults : public test::ServerTest {};

}  // namespace

TEST_F(ServerFaults, WindowsByScript)
{
    client_.enroll();
    const auto id = ari_id(client_.issue({"a.test"}));
    const auto script = json::parse(
                            R"({"windows":{"*":{"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z",
            "explanation_url":"https://ca.test/why","retry_after":60}}})")
                            .as_object();
    ASSERT_TRUE(relay::apply_script(ca_.faults, script, ca_.clock.now()));
    const auto renewal = client_.get("/acme/renewal-info/" + id);

    EXPECT_EQ(renewal.header("Retry-After"), "60");
    EXPECT_EQ(renewal.text("explanationURL"), "https://ca.test/why");
    relay::RenewalWindow broken;
    broken.raw = "not json";
    ca_.faults.set_window(id, broken);
    EXPECT_EQ(client_.get("/acme/renewal-info/" + id).body, "not json");
}

TEST_F(ServerFaults, LimitsAreThoseOfTheCa)
{
    MemoryCa ca({}, relay::CaNumbers::production());
    RawClient client(ca);
    client.enroll();
    for (int i = 0; i < 5; ++i) {
        ca.clock.advance(1s);
        ASSERT_EQ(client.issue({"a.test"}).status, 200);
    }
    ca.clock.advance(1s);
    const auto refused = client.order({"a.test"});

    expect_problem(refused, 429, "rateLimited");
    EXPECT_FALSE(refused.header("Retry-After").empty());
    EXPECT_THAT(refused.text("detail"), testing::HasSubstr("#new-certificates-per-exact-set-of-identifiers"));
    ca.limits.pause(client.account.substr(client.account.rfind('/') + 1), "p.test", ca.clock.now());
    const auto paused = client.order({"p.test"});
    expect_problem(paused, 429, "rateLimited");
    EXPECT_TRUE(paused.header("Retry-After").empty());
    const auto detail = paused.text("detail");
    const auto url = detail.substr(detail.find("https://"));
    EXPECT_EQ(client.get(RawClient::path_of(url), "POST").status, 200);
    EXPECT_EQ(client.order({"p.test"}).status, 201);
}

TEST_F(ServerFaults, AnOrderThatTakesLongIsProcessing)
{
    client_.enroll();
    ca_.faults.behaviour.issuance_delay = 10s;
    ca_.faults.behaviour.finalize_wait = 0ms;
    const auto order = client_.order({"a.test"});
    client_.prove(order);
    const auto finalized = client_.finalize(order, {"a.test"});

    EXPECT_EQ(finalized.text("status"), "processing");
    EXPECT_EQ(finalized.header("Retry-After"), "1");
    ca_.clock.advance(10s);
    std::string status = "processing";
    for (int i = 0; i < 1000 && status == "processing"; ++i) {
        status = client_.fetch(order.header("Location")).text("status");
    }
    EXPECT_EQ(status, "valid");
}

TEST_F(ServerFaults, ProcessingForAsManyPollsAsTheScriptSays)
{
    client_.enroll();
    ca_.faults.behaviour.processing_polls = 2;
    const auto order = client_.order({"a.test"});
    client_.prove(order);

    EXPECT_EQ(client_.finalize(order, {"a.test"}).text("status"), "processing");
    EXPECT_EQ(client_.fetch(order.header("Location")).text("status"), "processing");
    EXPECT_EQ(client_.fetch(order.header("Location")).text("status"), "processing");
    EXPECT_EQ(client_.fetch(order.header("Location")).text("status"), "valid");
}

TEST_F(ServerFaults, RulesMeetOneStepForOneName)
{
    client_.enroll();
    const auto script = json::parse(R"({"rules":[
        {"step":"new_order","identifier":"a.test","problem":"rateLimited","retry_after":7,"times":1},
        {"step":"new_order","identifier":".b.test","page":"<html>","status":502,"times":1},
        {"step":"new_order","identifier":"c.test","lose_reply":true,"times":1},
        {"step":"validation","identifier":"d.test","problem":"dns","detail":"SERVFAIL"},
        {"step":"issuance","identifier":"e.test","problem":"caa","detail":"late CAA"}]})")
                            .as_object();
    ASSERT_TRUE(relay::apply_script(ca_.faults, script, ca_.clock.now()));

    const auto limited = client_.order({"a.test"});
    expect_problem(limited, 429, "rateLimited");
    EXPECT_EQ(limited.header("Retry-After"), "7");
    EXPECT_EQ(client_.order({"a.test"}).status, 201);
    const auto page = client_.order({"www.b.test"});
    EXPECT_EQ(page.status, 502);
    EXPECT_EQ(page.header("Content-Type"), "text/html");
    const auto lost = client_.order({"c.test"});
    EXPECT_TRUE(lost.lost);
    EXPECT_EQ(client_.order({"c.test"}).header("Location"), lost.header("Location")) << "it had its effect";
    EXPECT_EQ(client_.issue({"d.test"}).problem(), "orderNotReady");
    const auto order = client_.order({"e.test"});
    client_.prove(order);
    const auto failed = client_.finalize(order, {"e.test"});
    EXPECT_EQ(failed.text("status"), "invalid");
    EXPECT_EQ(failed.object().at("error").at("detail").as_string(), "late CAA");
}

TEST_F(ServerFaults, OutagesHoldForTheirTime)
{
    const auto now = ca_.clock.now();
    ca_.faults.add_outage({relay::OutageKind::page, now + 10s, now + 20s, 30s});
    EXPECT_EQ(client_.get("/directory").status, 200);
    ca_.clock.advance(10s);
    const auto down = client_.get("/directory");
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(down.header("Retry-After"), "30");
    EXPECT_EQ(down.header("Content-Type"), "text/html");
    ca_.clock.advance(10s);
    EXPECT_EQ(client_.get("/directory").status, 200);
    ca_.faults.behaviour.retry_as_date = true;
    ca_.faults.add_outage({relay::OutageKind::unavailable, now, base::Time::max(), 40s});
    EXPECT_EQ(client_.get("/directory").header("Retry-After"), "Sun, 01 Mar 2026 00:01:00 GMT");
}

TEST_F(ServerFaults, ScriptsWithMistakesAreRefused)
{
    for (const auto* text : {R"({"rule":[]})", R"({"rules":{}})", R"({"rules":[{"step":"new"}]})",
                             R"({"rules":[{"times":"3"}]})", R"({"behaviour":{"latency":1}})",
                             R"({"windows":{"*":{"start":"today"}}})", R"({"outages":[{"kind":"flood"}]})"}) {
        EXPECT_FALSE(relay::apply_script(ca_.faults, json::parse(text).as_object(), ca_.clock.now())) << text;
    }
}

TEST_F(ServerFaults, CaaIsAskedAgainForOldAuthorizations)
{
    client_.enroll();
    EXPECT_EQ(client_.issue({"a.test"}).status, 200);
    EXPECT_TRUE(ca_.validator.caa_seen.empty());
    ca_.clock.advance(8h);
    ca_.validator.caa_verdict = relay::Problem(403, "caa", "CAA record for a.test prevents issuance");
    const auto order = client_.order({"a.test"});
    const auto refused = client_.finalize(order, {"a.test"});

    EXPECT_EQ(refused.text("status"), "invalid");
    EXPECT_EQ(refused.object().at("error").at("type").as_string(), "urn:ietf:params:acme:error:caa");
    ASSERT_EQ(ca_.validator.caa_seen.size(), 1U);
    EXPECT_EQ(ca_.validator.caa_seen[0].account_url, client_.account);
}

TEST_F(ServerFaults, EveryProblemTypeByScript)
{
    client_.enroll();
    for (const auto* type : {"accountDoesNotExist",
                             "alreadyRevoked",
                             "badCSR",
                             "badNonce",
                             "badPublicKey",
                             "badRevocationReason",
                             "badSignatureAlgorithm",
                             "caa",
                             "compound",
                             "connection",
                             "dns",
                             "externalAccountRequired",
                             "incorrectResponse",
                             "invalidContact",
                             "malformed",
                             "orderNotReady",
                             "rateLimited",
                             "rejectedIdentifier",
                             "serverInternal",
                             "tls",
                             "unauthorized",
                             "unsupportedContact",
                             "unsupportedIdentifier",
                             "userActionRequired",
                             "alreadyReplaced",
                             "invalidProfile",
                             "conflict"}) {
        const json::object rule{{"step", "new_order"}, {"problem", type}, {"times", 1}};
        ca_.faults.add(relay::FaultRule::parse(rule).value());
        EXPECT_EQ(client_.order({"a.test"}).problem(), type);
    }
}
