#include "model/endpoint.h"

#include <gtest/gtest.h>

namespace model {
namespace {

Platform platform()
{
    return {DomainName::parse("platform.test").value(), DomainName::parse("acme.platform.test").value()};
}

Endpoint endpoint(std::string_view name, EndpointKind kind)
{
    Endpoint made;
    made.names.push_back(DomainName::parse(name).value());
    made.kind = kind;
    made.label = "k7";
    return made;
}

TEST(Endpoint, ChallengesFollowTheTableOfKindFilterAndWildcard)
{
    struct Case {
        std::string_view name;
        EndpointKind kind;
        bool filtered;
        FilterAt filter_at;
        bool http;
    };
    const Case cases[] = {
        {"a.example.com", EndpointKind::external, false, FilterAt::edge, true},
        {"a.example.com", EndpointKind::external, true, FilterAt::edge, true},
        {"a.example.com", EndpointKind::external, true, FilterAt::network, false},
        {"a.example.com", EndpointKind::internal, false, FilterAt::edge, false},
        {"a.example.com", EndpointKind::internal, true, FilterAt::edge, false},
        {"*.example.com", EndpointKind::external, false, FilterAt::edge, false},
        {"example.com", EndpointKind::external, false, FilterAt::edge, true},
    };
    for (const auto& each : cases) {
        auto tried = endpoint(each.name, each.kind);
        tried.filter_at = each.filter_at;
        if (each.filtered) {
            tried.ip_filter = {"192.0.2.0/24"};
        }
        const auto without = usable_challenges(tried, false);
        const auto with = usable_challenges(tried, true);

        EXPECT_EQ(!without.empty(), each.http) << each.name;
        EXPECT_EQ(needs_delegation(tried), !each.http) << each.name;
        const std::vector by_all{ChallengeType::http_01, ChallengeType::dns_01, ChallengeType::tls_alpn_01};
        EXPECT_EQ(with, each.http ? by_all : std::vector{ChallengeType::dns_01}) << each.name;
    }
}

TEST(Endpoint, AnAppThatKeepsItsChallengesLeavesUsDns01)
{
    auto kept = endpoint("a.example.com", EndpointKind::external);
    kept.own_challenges = true;
    EXPECT_TRUE(usable_challenges(kept, false).empty());
    EXPECT_EQ(usable_challenges(kept, true), std::vector{ChallengeType::dns_01});
    EXPECT_TRUE(needs_delegation(kept));
}

TEST(Endpoint, ExternalNamesNeedTwoRecordsAndInternalNamesOne)
{
    const auto external = required_records(endpoint("shop.example.com", EndpointKind::external), platform());
    const auto internal = required_records(endpoint("files.example.com", EndpointKind::internal), platform());

    ASSERT_EQ(external.size(), 2U);
    EXPECT_EQ(external[0].name, "shop.example.com");
    EXPECT_EQ(external[0].host, "shop");
    EXPECT_EQ(external[0].value, "k7.platform.test");
    EXPECT_EQ(external[1].name, "_acme-challenge.shop.example.com");
    EXPECT_EQ(external[1].host, "_acme-challenge.shop");
    EXPECT_EQ(external[1].value, "k7.acme.platform.test");
    ASSERT_EQ(internal.size(), 2U);
    EXPECT_EQ(internal[0].purpose, RecordPurpose::challenge);
    EXPECT_TRUE(internal[0].required);
    EXPECT_FALSE(internal[1].required);
}

TEST(Endpoint, AWildcardAndItsBaseShareOneDelegation)
{
    auto both = endpoint("example.com", EndpointKind::external);
    both.names.push_back(DomainName::parse("*.example.com").value());

    const auto records = required_records(both, platform());

    EXPECT_EQ(std::ranges::count(records, RecordPurpose::challenge, &RequiredRecord::purpose), 1);
}

}  // namespace
}  // namespace model
