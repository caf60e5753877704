#include "endpoints/testing/world.h"
#include "support/certificates.h"

#include <gtest/gtest.h>

namespace endpoints {
namespace {

using testing::World;

// Certificates are made by the machine's clock, so the service runs at the same time.
class Uploads : public ::testing::Test {
protected:
    Uploads()
    {
        world.clock.advance(base::SystemClock().now() - world.clock.now());
        endpoint = world.add("acme", "shop.customer.test").value().endpoint;
    }

    Upload upload(const std::vector<std::string>& names, int from_days = -1, int to_days = 30)
    {
        test::CertificateShape shape;
        shape.names = names;
        shape.from_days = from_days;
        shape.to_days = to_days;
        Upload made;
        made.chain_pem = authority.issue(key, shape) + authority.pem();
        made.key_pem = key.to_pem();
        return made;
    }
    base::Result<model::Certificate> send(const Upload& given)
    {
        auto uploaded = world.run(world.service.upload(Caller{"acme"}, endpoint.id, given));
        if (!uploaded) {
            return base::fail(uploaded.error());
        }
        warnings = uploaded->warnings;
        return uploaded->certificate;
    }

    World world;
    model::Endpoint endpoint;
    std::vector<model::Problem> warnings;  // of the last upload
    test::Authority authority = test::Authority::root("Former CA");
    crypto::PrivateKey key = test::new_key();
};

TEST_F(Uploads, AreSealedAndServed)
{
    const auto stored = send(upload({"shop.customer.test"}));

    ASSERT_TRUE(stored) << stored.error().message();
    EXPECT_EQ(stored->source, model::CertificateSource::transitional);
    EXPECT_EQ(stored->identifiers, std::vector<std::string>{"shop.customer.test"});
    const auto opened = world.sealer.open(stored->sealed_key, model::certificate_context(*stored));
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, key.to_pkcs8());
    EXPECT_TRUE(world.run(world.service.get(Caller{"acme"}, endpoint.id)).value().endpoint.status.serving);
}

TEST_F(Uploads, ChangeNothingWhenRepeatedAndReplaceWhenNewer)
{
    const auto given = upload({"shop.customer.test"});
    const auto first = send(given).value();

    EXPECT_EQ(send(given).value().id, first.id);
    const auto second = send(upload({"shop.customer.test"}, -1, 60)).value();

    const auto replaced = world.run(world.service.certificate(Caller{"acme"}, first.id)).value();
    EXPECT_EQ(replaced.state, model::CertificateState::superseded);
    EXPECT_EQ(replaced.replaced_by, second.id);
}

TEST_F(Uploads, ShowWhatWouldBeAndStoreNothing)
{
    auto given = upload({"shop.customer.test"});
    given.preview = true;
    const auto shown = send(given).value();

    EXPECT_EQ(shown.identifiers, std::vector<std::string>{"shop.customer.test"});
    EXPECT_TRUE(world.run(world.service.get(Caller{"acme"}, endpoint.id)).value().certificates.empty());
    ASSERT_TRUE(send(upload({"shop.customer.test"}, -1, 60)));
    EXPECT_EQ(send(given).error().code(), "cert_upload_older");
}

TEST_F(Uploads, AreRefusedWithACodeEach)
{
    auto broken = upload({"shop.customer.test"});
    broken.chain_pem = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
    auto foreign_key = upload({"shop.customer.test"});
    foreign_key.key_pem = test::new_key().to_pem();

    const auto code = [&](const Upload& given) { return send(given).error().code(); };
    EXPECT_EQ(code(broken), "unparsable");
    EXPECT_EQ(code(foreign_key), "key_mismatch");
    EXPECT_EQ(code(upload({"www.customer.test"})), "name_not_covered");
    EXPECT_EQ(code(upload({"shop.customer.test"}, -30, -1)), "cert_upload_expired");
    EXPECT_TRUE(world.run(world.service.get(Caller{"acme"}, endpoint.id)).value().certificates.empty());
}

TEST_F(Uploads, WarnUntilTheNameIsProved)
{
    ASSERT_TRUE(send(upload({"shop.customer.test"})));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0].code, "ownership_missing");
    EXPECT_NE(warnings[0].fix.find("_certwright-ownership.shop TXT certwright="), std::string::npos)
        << warnings[0].fix;

    ASSERT_TRUE(world.hold(endpoint));
    ASSERT_TRUE(send(upload({"shop.customer.test"}, -1, 60)));
    EXPECT_TRUE(warnings.empty());
}

TEST_F(Uploads, CanBeRemovedButManagedOnesCannot)
{
    auto uploaded = send(upload({"shop.customer.test"})).value();
    auto managed = uploaded;
    managed.id = "crt_managed";
    managed.source = model::CertificateSource::managed;
    ASSERT_TRUE(world.write([managed](store::Transaction& tx) { return tx.certificates.insert(managed); }));

    EXPECT_TRUE(world.run(world.service.remove_certificate(Caller{"acme"}, uploaded.id)));
    const auto kept = world.run(world.service.remove_certificate(Caller{"acme"}, managed.id));

    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code(), "certificate_managed");
    EXPECT_EQ(world.run(world.service.remove_certificate(Caller{"globex"}, uploaded.id)).error().code(),
              "certificate_not_found");
}

TEST_F(Uploads, RenewalReplacesTheManagedCertificate)
{
    auto managed = send(upload({"shop.customer.test"})).value();
    managed.id = "crt_managed";
    managed.source = model::CertificateSource::managed;
    ASSERT_TRUE(world.write([managed](store::Transaction& tx) { return tx.certificates.insert(managed); }));

    const auto orders = world.run(world.service.renew(Caller{"acme"}, endpoint.id)).value();

    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].replaces, "crt_managed");
}

TEST_F(Uploads, EndWithTheirEndpoint)
{
    const auto stored = send(upload({"shop.customer.test"})).value();

    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, endpoint.id)));

    EXPECT_EQ(world.run(world.service.certificate(Caller{"acme"}, stored.id)).value().state,
              model::CertificateState::deleted);
    EXPECT_EQ(send(upload({"shop.customer.test"})).error().code(), "endpoint_deleting");
}

TEST_F(Uploads, NeverReplaceAValidOneByOneThatEndsSooner)
{
    const auto good = send(upload({"shop.customer.test"}, -1, 60)).value();

    const auto refused = send(upload({"shop.customer.test"}, -1, 30));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "cert_upload_older");
    EXPECT_NE(refused.error().fix().find(good.id), std::string::npos);
    ASSERT_TRUE(world.run(world.service.remove_certificate(Caller{"acme"}, good.id)));
    EXPECT_TRUE(send(upload({"shop.customer.test"}, -1, 30)));
}

}  // namespace
}  // namespace endpoints
