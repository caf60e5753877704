// Which challenge would pass, by what a look at DNS has found (DESIGN 5.3, the rows about DNS).
#include "diagnosis/dns_check.h"
#include "fakes/sample_endpoint.h"

#include <gtest/gtest.h>

namespace {

using model::ChallengeType;
using model::ConditionStatus;
using enum model::ConditionStatus;

struct Seen {
    ConditionStatus ownership = yes;
    ConditionStatus routing = yes;
    ConditionStatus delegation = yes;
    ConditionStatus caa = yes;
};

std::vector<model::Condition> conditions(const Seen& seen)
{
    std::vector<model::Condition> made;
    const auto add = [&](const char* type, ConditionStatus status) {
        model::Condition condition;
        condition.type = type;
        condition.status = status;
        made.push_back(condition);
    };
    add("Ownership", seen.ownership);
    add("DnsRouting", seen.routing);
    add("ChallengeDelegation", seen.delegation);
    add("CaaAllows", seen.caa);
    return made;
}

TEST(ChallengeTable, FollowsWhatDnsSays)
{
    using Types = std::vector<ChallengeType>;
    const Types nothing;
    const Types http{ChallengeType::http_01, ChallengeType::tls_alpn_01};
    const Types dns{ChallengeType::dns_01};
    const Types all{ChallengeType::http_01, ChallengeType::dns_01, ChallengeType::tls_alpn_01};
    struct Row {
        const char* what;
        Seen seen;
        Types first;    // a certificate that was never had
        Types renewal;  // what cannot be looked up does not hold it back
    };
    const Row rows[] = {
        {"all is well", {yes, yes, yes, yes}, all, all},
        {"not delegated", {yes, yes, no, yes}, http, http},
        {"before DNS is cut over, or behind a foreign CDN", {yes, no, yes, yes}, dns, dns},
        {"neither leads here nor is delegated", {yes, no, no, yes}, nothing, nothing},
        {"routing cannot be looked up", {yes, unknown, yes, yes}, dns, all},
        {"delegation cannot be looked up", {yes, yes, unknown, yes}, http, all},
        {"nothing can be looked up", {yes, unknown, unknown, unknown}, nothing, all},
        {"the CA is not allowed", {yes, yes, yes, no}, nothing, nothing},
        {"the name is another account's", {no, yes, yes, yes}, nothing, nothing},
    };
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    for (const auto& row : rows) {
        const auto found = conditions(row.seen);
        EXPECT_EQ(diagnosis::provable_challenges(endpoint, found, false), row.first) << row.what;
        EXPECT_EQ(diagnosis::provable_challenges(endpoint, found, true), row.renewal) << row.what;
        EXPECT_EQ(
            diagnosis::provable_challenges(test::sample_endpoint({"*.example.com"}), found, false),
            row.seen.delegation == yes && row.seen.caa != no && row.seen.ownership == yes ? dns : nothing)
            << row.what << ", wildcard";
        EXPECT_EQ(
            diagnosis::provable_challenges(
                test::sample_endpoint({"wiki.example.com"}, model::EndpointKind::internal), found, false),
            row.seen.delegation == yes && row.seen.caa != no && row.seen.ownership == yes ? dns : nothing)
            << row.what << ", internal";
    }
}

}  // namespace
