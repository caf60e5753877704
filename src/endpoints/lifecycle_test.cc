// Suspending, removing and restoring, giving away, and importing.
#include "endpoints/testing/world.h"

#include <gtest/gtest.h>

namespace endpoints {
namespace {

using model::CertificateState;
using model::EndpointState;
using testing::World;

const Caller the_operator{""};

model::Certificate certificate_of(World& world, const model::Endpoint& endpoint, const std::string& id,
                                  model::CertificateSource source = model::CertificateSource::managed)
{
    model::Certificate made;
    made.id = id;
    made.tenant = endpoint.tenant;
    made.endpoint = endpoint.id;
    made.source = source;
    made.identifiers = {endpoint.name().text()};
    made.not_before = world.clock.now() - std::chrono::hours(1);
    made.not_after = world.clock.now() + std::chrono::days(60);
    made.sealed_key = world.sealer.seal(base::as_bytes("a key"), model::certificate_context(made));
    made.created_at = world.clock.now();
    EXPECT_TRUE(world.write([&](store::Transaction& tx) { return tx.certificates.insert(made); }));
    return made;
}

model::Certificate stored(World& world, const std::string& id)
{
    return world.read([&](store::Transaction& tx) { return tx.certificates.get(id); }).value();
}

template <class T>
std::string code(const base::Result<T>& result)
{
    return result ? "none" : result.error().code();
}

TEST(Lifecycle, OnlyTheOperatorSuspendsAndResumes)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    EXPECT_EQ(code(world.run(world.service.suspend(Caller{"acme"}, made.id, ""))), "operator_required");

    const auto suspended = world.run(world.service.suspend(the_operator, made.id, "abuse")).value().endpoint;
    EXPECT_EQ(suspended.status.state, EndpointState::suspended);
    EXPECT_EQ(suspended.status.reason.code, "suspended");
    EXPECT_NE(suspended.status.reason.message.find("abuse"), std::string::npos);
    EXPECT_EQ(suspended.status.reason.actor, model::Actor::platform);
    EXPECT_FALSE(suspended.status.retrying);
    EXPECT_EQ(suspended.next_check_at, std::nullopt);
    EXPECT_EQ(world.issuance.hastened, std::vector<std::string>{made.id});
    EXPECT_EQ(code(world.run(world.service.resume(Caller{"acme"}, made.id))), "operator_required");

    const auto resumed = world.run(world.service.resume(the_operator, made.id)).value().endpoint;
    EXPECT_EQ(resumed.status.state, EndpointState::pending_dns);
    EXPECT_EQ(resumed.next_check_at, world.clock.now());
    EXPECT_TRUE(world.run(world.service.resume(the_operator, made.id)));
}

TEST(Lifecycle, RestoresARemovedEndpointWithItsCertificates)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    ASSERT_TRUE(world.hold(made));
    certificate_of(world, made, "crt_managed");
    certificate_of(world, made, "crt_uploaded", model::CertificateSource::uploaded);
    ASSERT_TRUE(world.run(world.service.remove_certificate(Caller{"acme"}, "crt_uploaded")));
    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, made.id)));
    EXPECT_EQ(stored(world, "crt_managed").state, CertificateState::deleted);
    EXPECT_EQ(stored(world, "crt_managed").renew_at, std::nullopt);

    const auto back = world.run(world.service.restore(Caller{"acme"}, "shop.customer.test")).value();

    EXPECT_EQ(back.endpoint.id, made.id);
    EXPECT_EQ(back.endpoint.label, made.label);
    EXPECT_NE(back.endpoint.status.state, EndpointState::deleting);
    EXPECT_EQ(back.endpoint.next_check_at, world.clock.now());
    ASSERT_EQ(back.certificates.size(), 1U);
    EXPECT_EQ(back.certificates[0].id, "crt_managed");
    EXPECT_TRUE(back.certificates[0].renew_at);
}

TEST(Lifecycle, RevokesWhatItsCaGaveWhenAskedTo)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    auto managed = certificate_of(world, made, "crt_managed");
    managed.account = "ca_a";
    ASSERT_TRUE(world.write([managed](store::Transaction& tx) { return tx.certificates.update(managed); }));
    certificate_of(world, made, "crt_uploaded", model::CertificateSource::uploaded);

    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, made.id, true)));

    EXPECT_EQ(stored(world, "crt_managed").state, CertificateState::revoked);
    EXPECT_EQ(stored(world, "crt_uploaded").state, CertificateState::deleted);
    const auto back = world.run(world.service.restore(Caller{"acme"}, made.id)).value();
    ASSERT_EQ(back.certificates.size(), 1U);
    EXPECT_EQ(back.certificates[0].id, "crt_uploaded");
}

TEST(Lifecycle, ForgetsTheKeysWhenTheHoldIsOver)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    certificate_of(world, made, "crt_a");
    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, made.id)));
    EXPECT_FALSE(stored(world, "crt_a").sealed_key.empty());
    world.clock.advance(std::chrono::hours(24 * 7));

    ASSERT_EQ(world.run(world.service.release_held()).value(), 1U);

    EXPECT_TRUE(stored(world, "crt_a").sealed_key.empty());
    EXPECT_EQ(code(world.run(world.service.restore(Caller{"acme"}, made.id))), "endpoint_not_found");
}

TEST(Lifecycle, TheOperatorGivesAnEndpointToAnotherTenantAtOnce)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    ASSERT_TRUE(world.hold(made));
    certificate_of(world, made, "crt_a");
    EXPECT_EQ(code(world.run(world.service.transfer(Caller{"acme"}, made.id, "globex"))),
              "operator_required");
    EXPECT_EQ(code(world.run(world.service.transfer(the_operator, made.id, "nobody"))), "tenant_not_found");

    const auto moved = world.run(world.service.transfer(the_operator, made.id, "globex")).value();

    EXPECT_EQ(moved.endpoint.tenant, "globex");
    EXPECT_EQ(moved.endpoint.required_records, made.required_records);
    EXPECT_EQ(code(world.run(world.service.get(Caller{"acme"}, made.id))), "endpoint_not_found");
    EXPECT_TRUE(world.run(world.service.get(Caller{"globex"}, "shop.customer.test")));
    const auto certificate = stored(world, "crt_a");
    EXPECT_EQ(certificate.tenant, "globex");
    EXPECT_TRUE(world.sealer.open(certificate.sealed_key, model::certificate_context(certificate)));
    EXPECT_FALSE(world.hold(world.add("acme", "shop.customer.test").value().endpoint));
}

TEST(Lifecycle, ATenantWithAClaimOfItsOwnIsGivenNothing)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    const auto own = world.add("globex", "shop.customer.test").value().endpoint;

    const auto refused = world.run(world.service.transfer(the_operator, made.id, "globex"));

    ASSERT_EQ(code(refused), "name_in_use");
    EXPECT_NE(refused.error().fix().find(own.id), std::string::npos);
}

TEST(Lifecycle, ImportsManyAndReportsEach)
{
    World world;
    ASSERT_TRUE(world.add("acme", "there.customer.test"));
    std::vector<NewEndpoint> wanted(2'000);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i].names = {"n" + std::to_string(i) + ".customer.test"};
        wanted[i].upstream = "http://app.example.net:8080";
    }
    wanted[3].names = {"not a name"};
    wanted[4].names = {"there.customer.test"};
    wanted[5].upstream = "http://10.0.0.1";
    wanted[6].names = wanted[7].names;

    const std::chrono::minutes patience{3};  // thousands of names on a machine that does other things, too
    const auto results =
        test::run(world.loop, world.service.import(Caller{"acme"}, wanted), patience).value();

    ASSERT_EQ(results.size(), wanted.size());
    EXPECT_TRUE(results[0]->created);
    EXPECT_TRUE(results[0]->endpoint.bulk);
    EXPECT_EQ(code(results[3]), "name_invalid");
    EXPECT_FALSE(results[4]->created);
    EXPECT_FALSE(results[4]->endpoint.bulk);
    EXPECT_EQ(code(results[5]), "upstream_forbidden");
    EXPECT_TRUE(results[6]->created);
    EXPECT_FALSE(results[7]->created);
    EXPECT_EQ(world.read([](store::Transaction& tx) { return tx.endpoints.count("acme"); }).value(), 1'997);
    const auto again = test::run(world.loop, world.service.import(Caller{"acme"}, wanted), patience).value();
    EXPECT_FALSE(again[0]->created);
    EXPECT_EQ(world.read([](store::Transaction& tx) { return tx.endpoints.count("acme"); }).value(), 1'997);
}

TEST(Lifecycle, WarnsBeforeAChangeThatNeedsTheDelegation)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;
    EndpointChange change;
    change.kind = model::EndpointKind::internal;
    change.preview = true;

    const auto preview = world.run(world.service.update(Caller{"acme"}, made.id, change)).value();
    const auto kept = world.run(world.service.get(Caller{"acme"}, made.id)).value().endpoint;
    change.preview = false;
    const auto changed = world.run(world.service.update(Caller{"acme"}, made.id, change)).value();

    ASSERT_EQ(preview.warnings.size(), 1U);
    EXPECT_EQ(preview.warnings[0].code, "delegation_missing");
    EXPECT_EQ(kept.kind, model::EndpointKind::external);
    EXPECT_EQ(changed.endpoint.kind, model::EndpointKind::internal);
    EXPECT_EQ(changed.warnings[0].code, "delegation_missing");
    // A filter in front of the edge also ends HTTP-01; one at the edge does not.
    const auto other = world.add("acme", "other.customer.test").value().endpoint;
    EndpointChange filter;
    filter.preview = true;
    filter.ip_filter = {"192.0.2.0/24", "2001:db8::/32"};
    EXPECT_TRUE(world.run(world.service.update(Caller{"acme"}, other.id, filter))->warnings.empty());
    filter.filter_at = model::FilterAt::network;
    EXPECT_EQ(world.run(world.service.update(Caller{"acme"}, other.id, filter))->warnings.at(0).code,
              "delegation_missing");
}

}  // namespace
}  // namespace endpoints
