#include "diagnosis/dns_check.h"

#include "diagnosis/problems.h"
#include "fakes/fake_resolver.h"
#include "fakes/sample_endpoint.h"
#include "support/run.h"

#include <gtest/gtest.h>

namespace {

using dns::RecordType;
using model::ConditionStatus;
using model::RecordStatus;

const std::string target = "lbl16s.edge.example.net";
const std::string challenge_target = "lbl16s.acme.edge.example.net";

class DnsCheck : public ::testing::Test {
protected:
    DnsCheck()
    {
        context_.addresses = {"198.51.100.7", "2001:db8::7"};
        context_.cas = {{"default", {"letsencrypt.org"}, ""}};
        resolver_.set(target, RecordType::a, {"198.51.100.7"});
        resolver_.set(target, RecordType::aaaa, {"2001:db8:0::7"});
    }

    diagnosis::DnsFindings check(const model::Endpoint& endpoint)
    {
        return test::run(diagnosis::check_dns(resolver_, endpoint, context_, base::Time{}));
    }
    diagnosis::DnsFindings check() { return check(test::sample_endpoint({"shop.example.com"})); }

    static std::string routing_code(const diagnosis::DnsFindings& findings)
    {
        return diagnosis::condition_of(findings.conditions, "DnsRouting").problem.code;
    }
    static std::string delegation_code(const diagnosis::DnsFindings& findings)
    {
        return diagnosis::condition_of(findings.conditions, "ChallengeDelegation").problem.code;
    }
    static ConditionStatus status_of(const diagnosis::DnsFindings& findings, std::string_view type)
    {
        return diagnosis::condition_of(findings.conditions, type).status;
    }

    test::FakeResolver resolver_;
    diagnosis::CheckContext context_;
};

TEST_F(DnsCheck, AcceptsBothRecords)
{
    resolver_.set("shop.example.com", RecordType::cname, {target});
    resolver_.set("_acme-challenge.shop.example.com", RecordType::cname, {challenge_target});

    const auto findings = check();

    EXPECT_EQ(findings.records.at(0).status, RecordStatus::ok);
    EXPECT_EQ(findings.records.at(0).found, std::vector<std::string>{"CNAME " + target});
    EXPECT_EQ(findings.records.at(1).status, RecordStatus::ok);
    for (const auto* type : {"DnsRouting", "ChallengeDelegation", "CaaAllows"}) {
        EXPECT_EQ(status_of(findings, type), ConditionStatus::yes) << type;
    }
}

TEST_F(DnsCheck, NamesWhatIsMissing)
{
    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_not_found");
    EXPECT_EQ(delegation_code(findings), "delegation_missing");
    const auto problem = diagnosis::condition_of(findings.conditions, "DnsRouting").problem;
    EXPECT_EQ(problem.fix, "Create the record: shop CNAME " + target);
    EXPECT_EQ(problem.actor, model::Actor::customer);
}

TEST_F(DnsCheck, ShowsTheWrongTarget)
{
    resolver_.set("shop.example.com", RecordType::cname, {"parking.example.org"});

    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_wrong_target");
    EXPECT_EQ(findings.records.at(0).status, RecordStatus::wrong);
    EXPECT_EQ(findings.records.at(0).found, std::vector<std::string>{"CNAME parking.example.org"});
}

TEST_F(DnsCheck, FollowsAChainToTheTarget)
{
    resolver_.set("shop.example.com", RecordType::cname, {"alias.example.com"});
    resolver_.set("alias.example.com", RecordType::cname, {target});
    resolver_.set("_acme-challenge.shop.example.com", RecordType::cname, {"c.example.com"});
    resolver_.set("c.example.com", RecordType::cname, {challenge_target});

    const auto findings = check();

    EXPECT_EQ(status_of(findings, "DnsRouting"), ConditionStatus::yes);
    EXPECT_EQ(status_of(findings, "ChallengeDelegation"), ConditionStatus::yes);
}

TEST_F(DnsCheck, AcceptsFlattenedAddresses)
{
    resolver_.set("shop.example.com", RecordType::a, {"198.51.100.7"});
    resolver_.set("shop.example.com", RecordType::aaaa, {"2001:0db8::0007"});

    EXPECT_EQ(status_of(check(), "DnsRouting"), ConditionStatus::yes);
}

TEST_F(DnsCheck, ReportsAForeignIpv6Address)
{
    resolver_.set("shop.example.com", RecordType::a, {"198.51.100.7"});
    resolver_.set("shop.example.com", RecordType::aaaa, {"2001:db8::bad"});

    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_conflict_aaaa");
    EXPECT_EQ(findings.records.at(0).status, RecordStatus::conflict);
}

TEST_F(DnsCheck, ReportsAnExtraAddress)
{
    resolver_.set("shop.example.com", RecordType::a, {"198.51.100.7", "203.0.113.9"});

    EXPECT_EQ(routing_code(check()), "dns_conflict_extra_a");
}

TEST_F(DnsCheck, AcceptsAddressesAtAnApexAndAdvisesAgainstOthers)
{
    const auto endpoint = test::sample_endpoint({"example.com"});
    resolver_.set("example.com", RecordType::a, {"198.51.100.7"});
    EXPECT_EQ(status_of(check(endpoint), "DnsRouting"), ConditionStatus::yes);

    resolver_.set("example.com", RecordType::a, {"203.0.113.1"});
    const auto problem = diagnosis::condition_of(check(endpoint).conditions, "DnsRouting").problem;
    EXPECT_EQ(problem.code, "dns_wrong_target");
    EXPECT_TRUE(problem.fix.contains("198.51.100.7")) << problem.fix;
}

TEST_F(DnsCheck, SeesADoubledDomain)
{
    resolver_.set("shop.example.com.example.com", RecordType::cname, {target});
    resolver_.set("_acme-challenge.shop.example.com.example.com", RecordType::cname, {challenge_target});

    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_name_duplicated");
    EXPECT_EQ(delegation_code(findings), "dns_name_duplicated");
}

TEST_F(DnsCheck, SeesAWebAddressAsValue)
{
    resolver_.set("shop.example.com", RecordType::cname, {"https://" + target});
    resolver_.set("_acme-challenge.shop.example.com", RecordType::cname, {"https://" + challenge_target});

    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_value_has_scheme");
    EXPECT_EQ(delegation_code(findings), "dns_value_has_scheme");
}

TEST_F(DnsCheck, TellsFailureFromAbsence)
{
    resolver_.fail("shop.example.com");
    resolver_.silence("_acme-challenge.shop.example.com");

    const auto findings = check();

    EXPECT_EQ(routing_code(findings), "dns_servfail");
    EXPECT_EQ(status_of(findings, "DnsRouting"), ConditionStatus::no);
    EXPECT_EQ(status_of(findings, "ChallengeDelegation"), ConditionStatus::unknown);
}

TEST_F(DnsCheck, SeesADomainThatIsNotRegistered)
{
    resolver_.unregistered("example.com");

    EXPECT_EQ(routing_code(check()), "dns_nxdomain_registration");
}

TEST_F(DnsCheck, SeesATxtInTheWayOfTheDelegation)
{
    resolver_.set("_acme-challenge.shop.example.com", RecordType::txt, {"old-proof"});

    const auto findings = check();

    EXPECT_EQ(delegation_code(findings), "delegation_txt_present");
    EXPECT_EQ(findings.records.at(1).status, RecordStatus::conflict);
    EXPECT_EQ(findings.records.at(1).found, std::vector<std::string>{"TXT old-proof"});
}

TEST_F(DnsCheck, SeesAnotherProvidersDelegation)
{
    resolver_.set("_acme-challenge.shop.example.com", RecordType::cname,
                  {"shop.example.com.0123.dcv.cloudflare.com"});

    EXPECT_EQ(delegation_code(check()), "delegation_other_provider");
}

TEST_F(DnsCheck, NeverBlocksAnInternalNameForItsRouting)
{
    const auto endpoint = test::sample_endpoint({"shop.example.com"}, model::EndpointKind::internal);
    resolver_.set("_acme-challenge.shop.example.com", RecordType::cname, {challenge_target});
    resolver_.set("shop.example.com", RecordType::a, {"10.0.0.1"});

    const auto findings = check(endpoint);

    EXPECT_EQ(status_of(findings, "DnsRouting"), ConditionStatus::unknown);
    EXPECT_EQ(routing_code(findings), "");
    const auto usable = diagnosis::provable_challenges(endpoint, findings.conditions, false);
    EXPECT_EQ(usable, std::vector{model::ChallengeType::dns_01});
}

TEST_F(DnsCheck, LooksAWildcardUpByARandomName)
{
    const auto endpoint = test::sample_endpoint({"*.shops.example.com"});
    resolver_.set("*.shops.example.com", RecordType::cname, {endpoint.required_records.at(0).value});

    EXPECT_EQ(check(endpoint).records.at(0).status, RecordStatus::ok);
}

TEST_F(DnsCheck, ProvesOverHttpWithoutADelegation)
{
    resolver_.set("shop.example.com", RecordType::cname, {target});
    const auto endpoint = test::sample_endpoint({"shop.example.com"});

    const auto findings = check(endpoint);

    EXPECT_EQ(diagnosis::provable_challenges(endpoint, findings.conditions, false),
              (std::vector{model::ChallengeType::http_01, model::ChallengeType::tls_alpn_01}));
    EXPECT_TRUE(diagnosis::blocking_problem(endpoint, findings.conditions).none());
}

TEST_F(DnsCheck, PutsHttpLastWherePort80WasSeenClosed)
{
    resolver_.set("shop.example.com", RecordType::cname, {target});
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    auto conditions = check(endpoint).conditions;
    model::Condition closed;
    closed.type = "Reachable";
    closed.problem.code = "http_unreachable";
    closed.status = ConditionStatus::no;
    conditions.push_back(closed);

    EXPECT_EQ(diagnosis::provable_challenges(endpoint, conditions, false),
              (std::vector{model::ChallengeType::tls_alpn_01, model::ChallengeType::http_01}));
}

// From behind a NAT the router may answer under our own address: only what the CA sees counts.
TEST_F(DnsCheck, LeavesNothingOutForWhatOurOwnProbeSaw)
{
    using enum model::ChallengeType;
    using Types = std::vector<model::ChallengeType>;
    resolver_.set("shop.example.com", RecordType::cname, {target});
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    const auto seen = check(endpoint).conditions;
    const auto with = [&](std::string_view code, std::string caa = "") {
        auto conditions = seen;
        model::Condition reachable;
        reachable.type = "Reachable";
        reachable.problem.code = code;
        reachable.problem.message = code;
        reachable.status = ConditionStatus::no;
        conditions.push_back(reachable);
        if (!caa.empty()) {
            std::ranges::find(conditions, "CaaAllows", &model::Condition::type)->problem.code = caa;
        }
        return conditions;
    };
    for (const auto* code :
         {"http_wrong_response", "http_filtered", "http_redirect_loop", "http_redirect_bad_port"}) {
        EXPECT_EQ(diagnosis::provable_challenges(endpoint, with(code), false), (Types{tls_alpn_01, http_01}))
            << code;
        EXPECT_EQ(diagnosis::sure_challenges(endpoint, with(code), true), Types{tls_alpn_01}) << code;
        EXPECT_TRUE(diagnosis::blocking_problem(endpoint, with(code)).none()) << code;
        const auto only_http = with(code, "caa_only_http_01");
        EXPECT_EQ(diagnosis::provable_challenges(endpoint, only_http, false), Types{http_01}) << code;
        EXPECT_TRUE(diagnosis::sure_challenges(endpoint, only_http, true).empty()) << code;
        EXPECT_EQ(diagnosis::blocking_problem(endpoint, only_http).code, code) << "people are told";
    }
    EXPECT_EQ(diagnosis::provable_challenges(endpoint, with("served_cert_mismatch"), false),
              (Types{http_01, tls_alpn_01}));
    EXPECT_EQ(diagnosis::sure_challenges(endpoint, with("served_cert_mismatch"), false), Types{http_01});
}

TEST_F(DnsCheck, IsBlockedByCaaOfTheParentDomain)
{
    resolver_.set("shop.example.com", RecordType::cname, {target});
    resolver_.set("example.com", RecordType::caa, {"0 issue \"other-ca.example\""});
    const auto endpoint = test::sample_endpoint({"shop.example.com"});

    const auto findings = check(endpoint);

    EXPECT_TRUE(diagnosis::provable_challenges(endpoint, findings.conditions, true).empty());
    EXPECT_EQ(diagnosis::blocking_problem(endpoint, findings.conditions).code, "caa_forbidden");
}

TEST(Problems, FillEverySentenceAndSayWhoActs)
{
    diagnosis::ProblemFacts facts;
    facts.name = "n";
    for (const auto code : diagnosis::problem_codes()) {
        const auto made = diagnosis::problem(code, facts);
        EXPECT_EQ(made.code, code);
        EXPECT_FALSE(made.message.contains('{')) << made.message;
        EXPECT_FALSE(made.fix.contains('{')) << made.fix;
        const bool somebody_acts =
            made.actor == model::Actor::customer || made.actor == model::Actor::platform;
        EXPECT_TRUE(!somebody_acts || !made.fix.empty() || code == "renewal_failing") << code;
    }
    EXPECT_EQ(diagnosis::problem("no_such_code", facts).code, "internal_error");
}

}  // namespace
