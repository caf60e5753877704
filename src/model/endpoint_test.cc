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
    made.vouched = true;
    return made;
}

// DESIGN 5.3, every combination: kind, who filters, the shape of the name; without and with the delegation.
TEST(Endpoint, ChallengesFollowTheTableOfKindFilterAndName)
{
    enum class Filter { none, edge, network };
    using enum EndpointKind;
    using enum Filter;
    using Types = std::vector<ChallengeType>;
    const Types nothing;
    // TLS-ALPN-01 has the rows of HTTP-01: it is for where port 80 is closed.
    const Types http{ChallengeType::http_01, ChallengeType::tls_alpn_01};
    const Types dns{ChallengeType::dns_01};
    const Types both{ChallengeType::http_01, ChallengeType::dns_01, ChallengeType::tls_alpn_01};
    struct Row {
        EndpointKind kind;
        Filter filter;
        std::string_view name;
        Types without;  // the delegation
        Types with;
    };
    const Row rows[] = {
        {external, none, "a.example.com", http, both},
        {external, none, "example.com", http, both},
        {external, none, "*.example.com", nothing, dns},
        {external, none, "*.a.example.com", nothing, dns},
        {external, edge, "a.example.com", http, both},
        {external, edge, "example.com", http, both},
        {external, edge, "*.example.com", nothing, dns},
        {external, edge, "*.a.example.com", nothing, dns},
        {external, network, "a.example.com", nothing, dns},
        {external, network, "example.com", nothing, dns},
        {external, network, "*.example.com", nothing, dns},
        {external, network, "*.a.example.com", nothing, dns},
        {internal, none, "a.example.com", nothing, dns},
        {internal, none, "example.com", nothing, dns},
        {internal, none, "*.example.com", nothing, dns},
        {internal, none, "*.a.example.com", nothing, dns},
        {internal, edge, "a.example.com", nothing, dns},
        {internal, edge, "example.com", nothing, dns},
        {internal, edge, "*.example.com", nothing, dns},
        {internal, edge, "*.a.example.com", nothing, dns},
        {internal, network, "a.example.com", nothing, dns},
        {internal, network, "example.com", nothing, dns},
        {internal, network, "*.example.com", nothing, dns},
        {internal, network, "*.a.example.com", nothing, dns},
    };
    for (const auto& row : rows) {
        auto tried = endpoint(row.name, row.kind);
        tried.filter_at = row.filter == network ? FilterAt::network : FilterAt::edge;
        if (row.filter != none) {
            tried.ip_filter = {"192.0.2.0/24", "2001:db8::/32"};
        }
        const auto where = ::testing::Message() << to_string(row.kind) << " " << row.name << " filter "
                                                << static_cast<int>(row.filter);

        EXPECT_EQ(usable_challenges(tried, false), row.without) << where;
        EXPECT_EQ(usable_challenges(tried, true), row.with) << where;
        EXPECT_EQ(needs_delegation(tried), row.without.empty()) << where;
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

// TLS ends at proxies that know nothing of challenges: every row of the table, without TLS-ALPN-01.
TEST(Endpoint, BehindProxiesOfOthersTlsAlpnIsNeverChosen)
{
    using enum EndpointKind;
    for (const auto kind : {external, internal}) {
        for (const auto* name : {"a.example.com", "example.com", "*.example.com"}) {
            for (const auto filter_at : {FilterAt::edge, FilterAt::network}) {
                for (const bool filtered : {false, true}) {
                    auto ours = endpoint(name, kind);
                    ours.filter_at = filter_at;
                    ours.ip_filter =
                        filtered ? std::vector<std::string>{"192.0.2.0/24"} : std::vector<std::string>();
                    auto theirs = ours;
                    theirs.behind_proxies = true;
                    for (const bool delegated : {false, true}) {
                        auto wanted = usable_challenges(ours, delegated);
                        std::erase(wanted, ChallengeType::tls_alpn_01);
                        EXPECT_EQ(usable_challenges(theirs, delegated), wanted)
                            << to_string(kind) << " " << name << " filtered " << filtered << " at "
                            << to_string(filter_at);
                    }
                    EXPECT_EQ(needs_delegation(theirs), needs_delegation(ours)) << name;
                }
            }
        }
    }
}

TEST(Endpoint, OneWildcardAmongItsNamesNeedsTheDelegation)
{
    auto mixed = endpoint("a.example.com", EndpointKind::external);
    mixed.names.push_back(DomainName::parse("*.a.example.com").value());

    EXPECT_TRUE(usable_challenges(mixed, false).empty());
    EXPECT_TRUE(needs_delegation(mixed));
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

TEST(Endpoint, AnApexLeadsHereByAddressesBecauseNoCnameMayStandThere)
{
    const auto records = required_records(endpoint("example.co.uk", EndpointKind::external), platform(),
                                          {"192.0.2.1", "192.0.2.2", "2001:db8::1"});

    ASSERT_EQ(records.size(), 4U);
    const std::vector<std::pair<std::string, std::string>> expected{
        {"A", "192.0.2.1"}, {"A", "192.0.2.2"}, {"AAAA", "2001:db8::1"}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(records[i].name, "example.co.uk");
        EXPECT_EQ(records[i].host, "@");
        EXPECT_EQ(std::pair(records[i].type, records[i].value), expected[i]);
        EXPECT_EQ(records[i].required, expected[i].first == "A");
        ASSERT_EQ(records[i].alternatives.size(), 1U);
        EXPECT_EQ(records[i].alternatives[0], (RecordAlternative{"ALIAS", "k7.platform.test"}));
    }
    EXPECT_EQ(records[3].purpose, RecordPurpose::challenge);
    EXPECT_EQ(records[3].host, "_acme-challenge");
}

TEST(Endpoint, OwnershipIsProvedByTxtAtAnApexAndMayBeElsewhere)
{
    auto unknown = endpoint("example.com", EndpointKind::external);
    unknown.vouched = false;
    unknown.names.push_back(DomainName::parse("*.example.com").value());
    unknown.names.push_back(DomainName::parse("www.example.com").value());

    std::vector<RequiredRecord> proofs;
    for (const auto& each : required_records(unknown, platform(), {"192.0.2.1"})) {
        if (each.purpose == RecordPurpose::ownership) {
            proofs.push_back(each);
        }
    }

    ASSERT_EQ(proofs.size(), 2U);
    EXPECT_EQ(proofs[0].type, "TXT");
    EXPECT_EQ(proofs[0].name, "_certwright-ownership.example.com");
    EXPECT_EQ(proofs[0].host, "_certwright-ownership");
    EXPECT_EQ(proofs[0].value, "certwright=k7");
    EXPECT_TRUE(proofs[0].required);
    EXPECT_EQ(proofs[1].host, "_certwright-ownership.www");
    EXPECT_FALSE(proofs[1].required);
}

}  // namespace
}  // namespace model
