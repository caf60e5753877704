// Every problem that DNS can have, built with real name servers and found.
#include "diagnosis/problems.h"
#include "diagnosis_fixture.h"

#include <gmock/gmock.h>

namespace {

using model::ConditionStatus;
using model::EndpointKind;
using model::RecordStatus;
using testing::ElementsAre;
using testing::HasSubstr;

class DnsDiagnosis : public test::DiagnosisFixture {
protected:
    static constexpr const char* shop = "shop.customer.test";

    // The zone of shop.customer.test with these records.
    void serve_customer(const std::string& records) { serve({{customer, records}}); }
    static std::string cname() { return "shop CNAME " + target(shop) + "\n"; }
    static std::string delegation() { return "_acme-challenge.shop CNAME " + challenge_target(shop) + "\n"; }
    // The problem is told with who must act and how.
    static void expect_code(const model::Condition& condition, std::string_view code)
    {
        EXPECT_EQ(condition.problem.code, code) << condition.problem.message;
        EXPECT_NE(condition.problem.message, "");
        EXPECT_NE(condition.problem.fix, "");
        EXPECT_EQ(condition.problem.actor, model::Actor::customer);
    }
    // CAA that leaves one method bars the others, and blocks nothing.
    void expect_only(model::ChallengeType type, std::string_view code)
    {
        serve_customer(
            cname() + delegation() +
            fmt::format("@ CAA 0 issue \"ca.test; validationmethods={}\"", model::to_string(type)));
        const auto found = condition("CaaAllows", shop);
        EXPECT_EQ(found.status, ConditionStatus::yes);
        EXPECT_EQ(found.problem.code, code);
        EXPECT_NE(found.problem.message, "");
        EXPECT_EQ(found.problem.actor, model::Actor::none);
        const auto left =
            diagnosis::provable_challenges(test::sample_endpoint({shop}), found_.conditions, false);
        EXPECT_THAT(left, ElementsAre(type));
    }
};

TEST_F(DnsDiagnosis, FindsNothingWrongWhereNothingIs)
{
    serve_customer(cname() + delegation() + "@ CAA 0 issue \"ca.test\"");

    EXPECT_EQ(condition("DnsRouting", shop).status, ConditionStatus::yes);
    EXPECT_EQ(diagnosis::condition_of(found_.conditions, "ChallengeDelegation").status, ConditionStatus::yes);
    EXPECT_EQ(diagnosis::condition_of(found_.conditions, "CaaAllows").status, ConditionStatus::yes);
    for (const auto& each : found_.conditions) {
        EXPECT_TRUE(each.problem.none()) << each.problem.message;
    }
    EXPECT_EQ(found_.records.at(0).status, RecordStatus::ok);
}

TEST_F(DnsDiagnosis, dns_not_found)
{
    serve_customer("");
    const auto found = condition("DnsRouting", shop);
    expect_code(found, "dns_not_found");
    EXPECT_EQ(found_.records.at(0).status, RecordStatus::missing);
    EXPECT_THAT(found.problem.fix, HasSubstr("shop CNAME"));
}

TEST_F(DnsDiagnosis, delegation_missing)
{
    serve_customer(cname());
    const auto found = condition("ChallengeDelegation", shop, EndpointKind::internal);
    expect_code(found, "delegation_missing");
    EXPECT_THAT(found.problem.fix, HasSubstr("_acme-challenge.shop CNAME " + found_.records.at(0).value));
}

TEST_F(DnsDiagnosis, dns_wrong_target)
{
    serve_customer("shop CNAME old.customer.test.\nold A 127.0.0.9");
    const auto found = condition("DnsRouting", shop);
    expect_code(found, "dns_wrong_target");
    EXPECT_THAT(found_.records.at(0).found, ElementsAre("CNAME old.customer.test"));
}

TEST_F(DnsDiagnosis, dns_conflict_aaaa)
{
    serve_customer("shop A 127.0.0.4\nshop AAAA 2001:db8::9");
    const auto found = condition("DnsRouting", shop);
    expect_code(found, "dns_conflict_aaaa");
    EXPECT_THAT(found.problem.message, HasSubstr("2001:db8::9"));
}

TEST_F(DnsDiagnosis, dns_conflict_extra_a)
{
    serve_customer("shop A 127.0.0.4\nshop A 192.0.2.9");
    expect_code(condition("DnsRouting", shop), "dns_conflict_extra_a");
}

// The parent zone is lax: by RFC 1912 2.4 no CNAME may stand where a zone's own records are.
TEST_F(DnsDiagnosis, dns_cname_at_apex)
{
    serve({{"test", "customer CNAME " + target("customer.test")}});
    const auto found = condition("DnsRouting", "customer.test");
    expect_code(found, "dns_cname_at_apex");
    EXPECT_EQ(found.status, ConditionStatus::yes) << "it leads here, for now";
    EXPECT_THAT(found.problem.fix, HasSubstr("ALIAS"));
}

TEST_F(DnsDiagnosis, dns_several_values)
{
    serve_beside({{customer, cname() + delegation()}},
                 {"shop.customer.test. CNAME " + target(shop), "shop.customer.test. CNAME old.customer.test.",
                  "_acme-challenge.shop.customer.test. CNAME " + challenge_target(shop),
                  "_acme-challenge.shop.customer.test. CNAME old.customer.test."});
    const auto found = condition("DnsRouting", shop);
    expect_code(found, "dns_several_values");
    EXPECT_EQ(found.status, ConditionStatus::no);
    EXPECT_THAT(found.problem.message, HasSubstr("old.customer.test"));
    EXPECT_EQ(found_.records.at(0).found.size(), 2U);
    expect_code(diagnosis::condition_of(found_.conditions, "ChallengeDelegation"), "dns_several_values");
}

// Nothing of DNS is in reach from here, the top-level domain neither: that is not the customer's fault.
TEST_F(DnsDiagnosis, dns_lookup_failed)
{
    lookup_limit_ = std::chrono::seconds(1);
    serve_customer(cname() + delegation());
    stop_name_servers();
    const auto found = condition("DnsRouting", shop);
    EXPECT_EQ(found.problem.code, "dns_lookup_failed") << found.problem.message;
    EXPECT_EQ(found.problem.actor, model::Actor::none);
    EXPECT_EQ(found.status, ConditionStatus::unknown);
    const auto internal = condition("ChallengeDelegation", shop, EndpointKind::internal);
    EXPECT_EQ(internal.problem.code, "dns_lookup_failed") << internal.problem.message;
    EXPECT_EQ(internal.status, ConditionStatus::unknown);
}

TEST_F(DnsDiagnosis, dns_name_duplicated)
{
    serve_customer("shop.customer.test CNAME " + target(shop) +
                   "\n_acme-challenge.shop.customer.test CNAME " + challenge_target(shop));
    expect_code(condition("DnsRouting", shop), "dns_name_duplicated");
    const auto delegation = diagnosis::condition_of(found_.conditions, "ChallengeDelegation");
    expect_code(delegation, "dns_name_duplicated");
    EXPECT_THAT(delegation.problem.message, HasSubstr("_acme-challenge.shop.customer.test.customer.test"));
}

TEST_F(DnsDiagnosis, dns_value_has_scheme)
{
    const std::string scheme = R"(https\058\047\047)";
    serve_customer("shop CNAME " + scheme + "elsewhere\n_acme-challenge.shop CNAME " + scheme +
                   challenge_target(shop));
    expect_code(condition("DnsRouting", shop), "dns_value_has_scheme");
    expect_code(diagnosis::condition_of(found_.conditions, "ChallengeDelegation"), "dns_value_has_scheme");
}

TEST_F(DnsDiagnosis, dns_proxied)
{
    serve_customer("shop A 104.16.132.229\nshop AAAA 2606:4700::6810:84e5");
    const auto found = condition("DnsRouting", shop);
    expect_code(found, "dns_proxied");
    EXPECT_THAT(found.problem.message, HasSubstr("Cloudflare"));
}

TEST_F(DnsDiagnosis, dns_servfail)
{
    serve({{customer, test::broken}});
    expect_code(condition("DnsRouting", shop), "dns_servfail");
    expect_code(diagnosis::condition_of(found_.conditions, "ChallengeDelegation"), "dns_servfail");
}

TEST_F(DnsDiagnosis, dns_nxdomain_registration)
{
    serve({{"other.test", ""}});
    expect_code(condition("DnsRouting", "shop.gone.test"), "dns_nxdomain_registration");
}

TEST_F(DnsDiagnosis, dns_inconsistent)
{
    serve({{customer, cname() + delegation()}}, {{customer, cname()}});
    EXPECT_EQ(condition("DnsRouting", shop).status, ConditionStatus::yes);
    const auto delegated = diagnosis::condition_of(found_.conditions, "ChallengeDelegation");
    expect_code(delegated, "dns_inconsistent");
    EXPECT_EQ(delegated.status, ConditionStatus::unknown);
    EXPECT_THAT(delegated.problem.message, HasSubstr("ns2.customer.test (127.0.0.3)"));
    EXPECT_EQ(found_.records.at(1).status, RecordStatus::conflict);
}

TEST_F(DnsDiagnosis, dns_inconsistent_in_routing)
{
    serve({{customer, "shop A 127.0.0.4"}}, {{customer, "shop A 192.0.2.9"}});
    expect_code(condition("DnsRouting", shop), "dns_inconsistent");
}

TEST_F(DnsDiagnosis, dns_lame_server)
{
    // Outside the zone "test", for which both servers answer.
    const std::string name = "shop.client.net";
    serve({{"client.net",
            "shop CNAME " + target(name) + "\n_acme-challenge.shop CNAME " + challenge_target(name)}},
          {{"other.test", ""}});
    const auto routing = condition("DnsRouting", name);
    EXPECT_EQ(routing.status, ConditionStatus::yes);
    expect_code(routing, "dns_lame_server");
    EXPECT_THAT(routing.problem.message, HasSubstr("ns2.client.net (127.0.0.3) says REFUSED"));
}

TEST_F(DnsDiagnosis, dns_lame_server_that_fails)
{
    serve({{customer, cname() + delegation()}}, {{customer, test::broken}});
    const auto routing = condition("DnsRouting", shop);
    expect_code(routing, "dns_lame_server");
    EXPECT_THAT(routing.problem.message, HasSubstr("says SERVFAIL"));
}

TEST_F(DnsDiagnosis, dnssec_bogus)
{
    serve({{customer, cname() + delegation()}}, {{customer, cname() + delegation()}},
          " trust-anchor: \"customer.test. DS 12345 13 2 "
          "e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766\"\n");
    expect_code(condition("DnsRouting", shop), "dnssec_bogus");
    expect_code(diagnosis::condition_of(found_.conditions, "ChallengeDelegation"), "dnssec_bogus");
}

TEST_F(DnsDiagnosis, delegation_wrong)
{
    serve_customer("_acme-challenge.shop CNAME elsewhere.customer.test.");
    const auto found = condition("ChallengeDelegation", shop, EndpointKind::internal);
    expect_code(found, "delegation_wrong");
    EXPECT_THAT(found.problem.message, HasSubstr("elsewhere.customer.test"));
}

TEST_F(DnsDiagnosis, delegation_txt_present)
{
    serve_customer("_acme-challenge.shop TXT \"left over\"");
    expect_code(condition("ChallengeDelegation", shop), "delegation_txt_present");
    EXPECT_THAT(found_.records.at(1).found, ElementsAre("TXT left over"));
}

TEST_F(DnsDiagnosis, delegation_other_provider)
{
    serve_customer("_acme-challenge.shop CNAME shop.0123abcd.dcv.cloudflare.com.");
    expect_code(condition("ChallengeDelegation", shop), "delegation_other_provider");
}

TEST_F(DnsDiagnosis, caa_forbidden)
{
    serve_customer(cname() + "@ CAA 0 issue \"other-ca.test\"");
    const auto found = condition("CaaAllows", "shop.customer.test");
    expect_code(found, "caa_forbidden");
    EXPECT_THAT(found.problem.message, HasSubstr("CAA records at customer.test let only other-ca.test"));
    EXPECT_THAT(found.problem.fix, HasSubstr("0 issue \"ca.test\""));
}

TEST_F(DnsDiagnosis, caa_forbidden_for_a_wildcard)
{
    serve_customer("@ CAA 0 issue \"ca.test\"\n@ CAA 0 issuewild \";\"");
    EXPECT_EQ(condition("CaaAllows", "shop.customer.test").status, ConditionStatus::yes);
    const auto found = condition("CaaAllows", "*.customer.test");
    expect_code(found, "caa_forbidden");
    EXPECT_THAT(found.problem.fix, HasSubstr("0 issuewild \"ca.test\""));
}

TEST_F(DnsDiagnosis, caa_critical_unknown)
{
    serve_customer("@ CAA 128 future \"x\"\n@ CAA 0 issue \"ca.test\"");
    expect_code(condition("CaaAllows", shop), "caa_critical_unknown");
}

TEST_F(DnsDiagnosis, caa_accounturi_mismatch)
{
    serve_customer("@ CAA 0 issue \"ca.test; accounturi=https://ca.test/account/2\"");
    const auto found = condition("CaaAllows", shop);
    expect_code(found, "caa_accounturi_mismatch");
    EXPECT_THAT(found.problem.fix, HasSubstr("https://ca.test/account/1"));
}

TEST_F(DnsDiagnosis, caa_method_forbidden)
{
    serve_customer(cname() + "@ CAA 0 issue \"ca.test; validationmethods=tls-alpn-02,x-01\"");
    expect_code(condition("CaaAllows", shop), "caa_method_forbidden");
}

TEST_F(DnsDiagnosis, caa_only_dns_01)
{
    expect_only(model::ChallengeType::dns_01, "caa_only_dns_01");
}

TEST_F(DnsDiagnosis, caa_only_http_01)
{
    expect_only(model::ChallengeType::http_01, "caa_only_http_01");
}

TEST_F(DnsDiagnosis, caa_only_tls_alpn_01)
{
    expect_only(model::ChallengeType::tls_alpn_01, "caa_only_tls_alpn_01");
}

TEST_F(DnsDiagnosis, caa_lookup_failed)
{
    // The name's own zone works; the climb meets its parent, which fails.
    serve({{"shop.customer.test", "@ A 127.0.0.4\n_acme-challenge CNAME " + challenge_target(shop)},
           {customer, test::broken}});
    EXPECT_EQ(condition("DnsRouting", shop).status, ConditionStatus::yes);
    const auto found = diagnosis::condition_of(found_.conditions, "CaaAllows");
    expect_code(found, "caa_lookup_failed");
    EXPECT_THAT(found.problem.message, HasSubstr("at customer.test"));
}

TEST_F(DnsDiagnosis, AnApexMayHoldOurAddresses)
{
    serve_customer("@ A 127.0.0.4");
    EXPECT_EQ(condition("DnsRouting", "customer.test").status, ConditionStatus::yes);
}

}  // namespace
