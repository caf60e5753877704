#include "diagnosis/record_check.h"

#include <gtest/gtest.h>

namespace {

using model::ConditionStatus;

struct Case {
    std::string_view name;
    std::vector<std::string> set;
    bool wildcard;
    ConditionStatus status;
    std::string_view code;
};

TEST(Caa, IsJudgedAsRfc8659Says)
{
    const std::vector<Case> cases{
        {"ours", {"0 issue \"letsencrypt.org\""}, false, ConditionStatus::yes, ""},
        {"ours among others",
         {"0 issue \"x.example\"", "0 issue \"LetsEncrypt.org\""},
         false,
         ConditionStatus::yes,
         ""},
        {"nobody", {"0 issue \";\""}, false, ConditionStatus::no, "caa_forbidden"},
        {"only reports", {"0 iodef \"mailto:a@b.example\""}, false, ConditionStatus::yes, ""},
        {"wild only for others",
         {"0 issue \"letsencrypt.org\"", "0 issuewild \"x.example\""},
         true,
         ConditionStatus::no,
         "caa_forbidden"},
        {"wild rules do not bind plain names", {"0 issuewild \";\""}, false, ConditionStatus::yes, ""},
        {"wild falls back to issue", {"0 issue \"letsencrypt.org\""}, true, ConditionStatus::yes, ""},
        {"unknown critical tag",
         {"128 future \"x\"", "0 issue \"letsencrypt.org\""},
         false,
         ConditionStatus::no,
         "caa_critical_unknown"},
        {"unknown tag", {"0 future \"x\""}, false, ConditionStatus::yes, ""},
        {"our account",
         {"0 issue \"letsencrypt.org; accounturi=https://ca/acct/1\""},
         false,
         ConditionStatus::yes,
         ""},
        {"another account",
         {"0 issue \"letsencrypt.org; validationmethods=dns-01; accounturi=https://ca/acct/2\""},
         false,
         ConditionStatus::no,
         "caa_accounturi_mismatch"},
    };
    for (const auto& each : cases) {
        diagnosis::CaaQuestion question;
        question.name = "shop.example.com";
        question.wildcard = each.wildcard;
        question.cas = {{"default", {"letsencrypt.org"}, "https://ca/acct/1"}};
        const auto verdict = diagnosis::judge_caa(each.set, "example.com", question);
        EXPECT_EQ(verdict.status, each.status) << each.name;
        EXPECT_EQ(verdict.problem.code, each.code) << each.name;
    }
}

TEST(Caa, IsFineWhenOneOfSeveralCasMayIssue)
{
    diagnosis::CaaQuestion question;
    question.name = "shop.example.com";
    question.cas = {{"first", {"letsencrypt.org"}, "https://ca/acct/1"},
                    {"second", {"pki.goog"}, "https://other/acct/7"}};

    EXPECT_EQ(diagnosis::judge_caa({"0 issue \"pki.goog\""}, "example.com", question).status,
              ConditionStatus::yes);
    const auto refused = diagnosis::judge_caa({"0 issue \"nobody.example\""}, "example.com", question);
    EXPECT_EQ(refused.status, ConditionStatus::no);
    EXPECT_EQ(refused.problem.code, "caa_forbidden");
    EXPECT_TRUE(refused.problem.fix.contains("letsencrypt.org")) << refused.problem.fix;
    EXPECT_TRUE(
        refused.problem.fix.contains("or for second: 0 issue \"pki.goog; accounturi=https://other/acct/7\""))
        << refused.problem.fix;
}

diagnosis::CaaVerdict judge_with_methods(const std::string& record)
{
    diagnosis::CaaQuestion question;
    question.name = "shop.example.com";
    question.cas = {{"default", {"letsencrypt.org"}, "https://ca/acct/1"}};
    question.methods = {model::ChallengeType::http_01, model::ChallengeType::dns_01};
    return diagnosis::judge_caa({record}, "example.com", question);
}

TEST(Caa, LimitsTheMethodsAsRfc8657Says)
{
    EXPECT_EQ(
        judge_with_methods("0 issue \"letsencrypt.org; validationmethods=dns-01,http-01\"").problem.code, "");
    EXPECT_EQ(judge_with_methods("0 issue \"letsencrypt.org;ValidationMethods = dns-01\"").problem.code,
              "caa_only_dns_01");
    EXPECT_EQ(judge_with_methods("0 issue \"letsencrypt.org; validationmethods=dns-01\"").status,
              ConditionStatus::yes);
    EXPECT_EQ(judge_with_methods("0 issue \"letsencrypt.org; validationmethods=tls-alpn-01\"").problem.code,
              "caa_method_forbidden");
    // Another account's record does not speak for us.
    EXPECT_EQ(judge_with_methods(
                  "0 issue \"letsencrypt.org; accounturi=https://ca/acct/2; validationmethods=dns-01\"")
                  .problem.code,
              "caa_accounturi_mismatch");
}

TEST(Caa, OfAnUnknownCaIsNotJudged)
{
    diagnosis::CaaQuestion question;
    question.name = "shop.example.com";

    EXPECT_EQ(diagnosis::judge_caa({"0 issue \"x.example\""}, "example.com", question).status,
              ConditionStatus::unknown);
}

}  // namespace
