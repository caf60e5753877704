#include "alerts/rules.h"

#include "alerts/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

using model::ConditionStatus;
using model::EndpointState;
using std::chrono::days;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto now = base::Time(std::chrono::milliseconds(1'800'000'000'000));

Facts serving_facts(std::chrono::milliseconds life, std::chrono::milliseconds left)
{
    Facts facts;
    model::Endpoint endpoint;
    endpoint.id = "ep_1";
    endpoint.tenant = "acme";
    endpoint.names = {*model::DomainName::parse("shop.example.com")};
    endpoint.status.state = EndpointState::active;
    facts.endpoint = endpoint;
    model::Certificate certificate;
    certificate.identifiers = {"shop.example.com"};
    certificate.not_after = now + left;
    certificate.not_before = certificate.not_after - life;
    facts.certificates = {certificate};
    return facts;
}

void fail(Facts& facts, std::string code, model::Actor actor, int attempt)
{
    model::Order order;
    order.attempt = attempt;
    order.problem = {.code = std::move(code), .message = "m", .actor = actor, .fix = "f"};
    facts.order = order;
}

std::vector<std::string> rules_of(const Facts& facts)
{
    std::vector<std::string> names;
    for (const auto& each : judge(facts, Thresholds(), now).findings) {
        names.push_back(each.rule);
    }
    return names;
}

void set_condition(Facts& facts, const std::string& type, const std::string& code)
{
    facts.endpoint->status.conditions.push_back(
        {.type = type,
         .status = ConditionStatus::no,
         .problem = {.code = code, .message = "m", .actor = model::Actor::customer, .fix = "f"},
         .observed_at = now});
}

using Names = std::vector<std::string>;

TEST(Rules, MeasureExpiryInPartsOfTheLifetime)
{
    EXPECT_THAT(rules_of(serving_facts(days(90), days(19))), IsEmpty());
    EXPECT_EQ(rules_of(serving_facts(days(90), days(17))), Names{"expiring"});
    EXPECT_THAT(rules_of(serving_facts(hours(160), hours(33))), IsEmpty());
    EXPECT_EQ(rules_of(serving_facts(hours(160), hours(31))), Names{"expiring"});
    const auto severity = [](Facts facts) { return judge(facts, Thresholds(), now).findings.at(0).severity; };
    EXPECT_EQ(severity(serving_facts(days(90), days(7))), model::Severity::warning);
    EXPECT_EQ(severity(serving_facts(days(90), days(6))), model::Severity::critical);
    EXPECT_EQ(rules_of(serving_facts(days(90), -hours(1))), Names{"expired"});
    EXPECT_EQ(judge(serving_facts(days(90), days(80)), Thresholds(), now).next_change, now + days(62));
    EXPECT_EQ(judge(serving_facts(days(90), days(1)), Thresholds(), now).next_change, now + days(1));
}

TEST(Rules, KeepQuietAboutWhatPassesByItself)
{
    auto facts = serving_facts(days(90), days(29));
    fail(facts, "ca_rate_limited", model::Actor::none, 1);
    EXPECT_THAT(rules_of(facts), IsEmpty());
    fail(facts, "dns_servfail", model::Actor::customer, 1);
    EXPECT_EQ(rules_of(facts), Names{"renewal_failing"});
    fail(facts, "deploy_slow", model::Actor::none, 3);
    EXPECT_EQ(rules_of(facts), Names{"renewal_failing"});
}

TEST(Rules, TellFaultsOfTheAccountOnce)
{
    auto facts = serving_facts(days(90), days(29));
    fail(facts, "ca_unavailable", model::Actor::ca, 3);
    auto verdict = judge(facts, Thresholds(), now);
    EXPECT_THAT(verdict.findings, IsEmpty());
    EXPECT_EQ(verdict.of_account.at(0).rule, "ca_down");
    fail(facts, "ca_account_invalid", model::Actor::platform, 1);
    verdict = judge(facts, Thresholds(), now);
    EXPECT_THAT(verdict.findings, IsEmpty());
    EXPECT_EQ(verdict.of_account.at(0).rule, "account_invalid");
    fail(facts, "ca_paused", model::Actor::platform, 1);
    EXPECT_EQ(rules_of(facts), Names{"ca_paused"});
}

TEST(Rules, SeeWhatTheConditionsSay)
{
    auto facts = serving_facts(days(90), days(60));
    set_condition(facts, "Reachable", "served_cert_mismatch");
    EXPECT_EQ(rules_of(facts), Names{"served_mismatch"});
    facts.endpoint->status.conditions.clear();
    set_condition(facts, "DnsRouting", "dns_wrong_target");
    EXPECT_EQ(rules_of(facts), Names{"dns_drift"});
    facts.endpoint->status.state = EndpointState::pending_dns;
    EXPECT_THAT(rules_of(facts), IsEmpty()) << "its DNS is still being made";
    facts.endpoint->status.state = EndpointState::degraded;
    facts.endpoint->status.reason.code = "moved_away";
    EXPECT_EQ(rules_of(facts), Names{"moved_away"});
    facts.endpoint->status.reason.code = "caa_forbidden";
    facts.endpoint->status.conditions.clear();
    EXPECT_EQ(rules_of(facts), Names{"renewal_blocked"});
    fail(facts, "caa_forbidden", model::Actor::customer, 1);
    EXPECT_EQ(rules_of(facts), Names{"renewal_failing"}) << "one cause, one alert";
}

TEST(Rules, SayNothingOfNewSuspendedAndDeletedNames)
{
    auto facts = serving_facts(days(90), days(60));
    facts.certificates.clear();
    facts.endpoint->status.state = EndpointState::pending_dns;
    facts.endpoint->status.reason.code = "dns_not_found";
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.endpoint->status.state = EndpointState::parked;
    EXPECT_EQ(rules_of(facts), Names{"parked"});
    facts.endpoint->status.state = EndpointState::action_required;
    EXPECT_EQ(rules_of(facts), Names{"action_required"});
    auto gone = serving_facts(days(90), -hours(1));
    gone.endpoint->status.state = EndpointState::suspended;
    EXPECT_THAT(rules_of(gone), IsEmpty());
    gone.endpoint->status.state = EndpointState::active;
    gone.endpoint->deleted_at = now;
    EXPECT_THAT(rules_of(gone), IsEmpty());
}

TEST(Rules, TellWhoHasLostANameAndNothingElseOfIt)
{
    auto facts = serving_facts(days(90), days(3));
    facts.endpoint->status.state = EndpointState::action_required;
    facts.endpoint->status.reason = {
        .code = "name_in_use", .message = "m", .actor = model::Actor::customer, .fix = "f"};
    set_condition(facts, "Ownership", "name_in_use");
    EXPECT_EQ(rules_of(facts), Names{"ownership_lost"});
    facts.endpoint->status.conditions.clear();
    set_condition(facts, "Ownership", "ownership_missing");
    EXPECT_THAT(rules_of(facts), Not(::testing::Contains("ownership_lost"))) << "nobody has it";
}

TEST(Rules, CountWhatABucketHasRefilled)
{
    model::Bucket bucket;
    bucket.capacity = 300;
    bucket.period_ms = 3 * 3'600'000;
    bucket.level = 0;
    bucket.updated_at = now;
    EXPECT_TRUE(judge_budget(bucket, now));
    EXPECT_FALSE(judge_budget(bucket, now + hours(1)));
    bucket.level = 300;
    bucket.blocked_until = now + hours(2);
    EXPECT_THAT(judge_budget(bucket, now)->problem.message, HasSubstr("no new orders before"));
    EXPECT_FALSE(judge_budget(bucket, now + hours(2)));
}

TEST(Rules, HaveWordsForEverything)
{
    for (const auto& rule : rules()) {
        EXPECT_THAT(std::string(rule.headline), HasSubstr("{name}"));
        EXPECT_FALSE(rule.many.empty());
        EXPECT_THAT(std::string(rule.advice), HasSubstr("certwright "));
        EXPECT_EQ(find_rule(rule.name), &rule);
    }
    EXPECT_EQ(find_rule("nonsense"), nullptr);
}

model::Alert alert_of_munich()
{
    model::Alert alert;
    alert.id = "alr_1";
    alert.tenant = "acme";
    alert.rule = "renewal_failing";
    alert.subject = "ep_1";
    alert.name = "xn--mnchen-3ya.example";
    alert.problem = {.code = "delegation_missing",
                     .message = "The record _acme-challenge.xn--mnchen-3ya.example is not there yet.",
                     .actor = model::Actor::customer,
                     .fix = "Create the record: _acme-challenge CNAME k3x.acme.platform.test"};
    alert.deadline = now + days(18);
    alert.opened_at = now - hours(3);
    return alert;
}

TEST(NoticeText, SaysWhatUntilWhenWhoAndHow)
{
    TextFacts facts;
    facts.records = {"a  CNAME  b   (now: nothing)"};
    facts.now = now;
    const auto text = text_of(alert_of_munich(), facts);

    EXPECT_EQ(text.summary,
              "münchen.example (xn--mnchen-3ya.example): renewal fails, the certificate ends on 2027-02-02");
    EXPECT_EQ(text.body,
              "The record _acme-challenge.xn--mnchen-3ya.example is not there yet. The\n"
              "certificate is valid until 2027-02-02 08:00 UTC (in 18 days).\n"
              "\n"
              "Who must act:   The customer (tenant acme), where the DNS of the domain\n"
              "                is kept.\n"
              "What to do:     Create the record: _acme-challenge CNAME\n"
              "                k3x.acme.platform.test\n"
              "\n"
              "The records:\n"
              "    a  CNAME  b   (now: nothing)\n"
              "\n"
              "When it is done certwright notices by itself. To have it look at once:\n"
              "    certwright endpoint check xn--mnchen-3ya.example\n"
              "Everything that is known about it:\n"
              "    certwright doctor xn--mnchen-3ya.example\n"
              "No more notices about it for three days:\n"
              "    certwright alert silence alr_1 --for 3d\n"
              "\n"
              "-- \n"
              "Alert alr_1, rule renewal_failing, code delegation_missing, severity warning, since "
              "2027-01-15 05:00 "
              "UTC (3 hours ago), seen 1 time.\n");
    facts.to_customer = true;
    EXPECT_THAT(text_of(alert_of_munich(), facts).body, HasSubstr("Who must act:   You, where"));
}

TEST(NoticeText, IsShortWhenItIsOver)
{
    auto over = alert_of_munich();
    over.resolved_at = now;
    TextFacts facts{.telling = Telling::resolved, .now = now};
    const auto text = text_of(over, facts);
    EXPECT_THAT(text.summary, HasSubstr("Resolved: münchen.example"));
    EXPECT_THAT(text.body, HasSubstr("Nothing is left to do."));
    EXPECT_THAT(text.body, Not(HasSubstr("silence")));
    EXPECT_THAT(text.body, HasSubstr("certwright alert show alr_1"));

    facts.ending = Ending::removed;
    facts.link = "https://panel.example/a/{alert}?of={name}";
    const auto removed = text_of(over, facts);
    EXPECT_THAT(removed.summary, HasSubstr("Removed: münchen.example"));
    EXPECT_THAT(removed.body, HasSubstr("It was not mended"));
    EXPECT_THAT(removed.body, HasSubstr("    https://panel.example/a/alr_1?of=xn--mnchen-3ya.example\n"));
}

TEST(NoticeText, NamesTheWholePlatformWhereThereIsNoEndpoint)
{
    auto ours = alert_of_munich();
    ours.subject = "platform";
    EXPECT_THAT(text_of(ours, {.now = now}).body, HasSubstr("    certwright status\n"));
}

}  // namespace
}  // namespace alerts
