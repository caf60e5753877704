// Whose a name is, and whether it is still here: what real DNS says, beside what is stored.
#include "diagnosis/status.h"
#include "diagnosis_fixture.h"

#include <gmock/gmock.h>

namespace {

using model::ConditionStatus;
using model::EndpointState;
using testing::HasSubstr;

class OwnerDiagnosis : public test::DiagnosisFixture {
protected:
    static constexpr const char* shop = "shop.customer.test";

    template <class F>
    auto write(F function)
    {
        if (!store_) {
            store_ = store::open_sqlite(folder_.path() / "db", clock_).value();
        }
        auto done = test::run(loop_, store_->write(std::move(function)));
        EXPECT_TRUE(done) << done.error().message();
        return std::move(done).value();
    }

    // A claim of a tenant; `vouched`: the operator answers for it.
    model::Endpoint claim(const std::string& tenant, const std::string& name, bool vouched = false)
    {
        auto made = test::sample_endpoint({name});
        made.id = "ep_" + tenant;
        made.tenant = tenant;
        made.label = "label-of-" + tenant;
        made.vouched = vouched;
        made.required_records = model::required_records(made, test::sample_platform(), context_.addresses);
        made.status.since = clock_.now();
        write([made](store::Transaction& tx) { return tx.endpoints.insert(made); });
        return made;
    }
    // A look at DNS, stored: the endpoint after it.
    model::Endpoint look(const model::Endpoint& endpoint)
    {
        const auto found = check(endpoint);
        const auto now = clock_.now();
        return write([&](store::Transaction& tx) {
            return diagnosis::record_findings(tx, endpoint.id, found, now, std::chrono::hours(7 * 24));
        });
    }
    static bool owned(const model::Endpoint& endpoint)
    {
        return diagnosis::condition_of(endpoint.status.conditions, "Ownership").status ==
               ConditionStatus::yes;
    }
    static std::string txt(const std::string& host, const std::string& tenant)
    {
        return "_certwright-ownership" + host + " TXT \"certwright=label-of-" + tenant + "\"\n";
    }
    static std::string routing(const model::Endpoint& endpoint)
    {
        return "shop CNAME " + endpoint.required_records.at(0).value + ".\n";
    }
    static void expect_ownership(const model::Endpoint& endpoint, std::string_view code, model::Actor actor)
    {
        const auto found = diagnosis::condition_of(endpoint.status.conditions, "Ownership");
        EXPECT_EQ(found.status, ConditionStatus::no);
        EXPECT_EQ(found.problem.code, code) << found.problem.message;
        EXPECT_EQ(found.problem.actor, actor);
        EXPECT_NE(found.problem.message, "");
        EXPECT_NE(found.problem.fix, "");
    }
    std::unique_ptr<store::Store> store_;
};

TEST_F(OwnerDiagnosis, ownership_missing)
{
    serve({{customer, "@ A 127.0.0.4"}});
    const auto looked = look(claim("acme", customer));
    expect_ownership(looked, "ownership_missing", model::Actor::customer);
    EXPECT_THAT(looked.status.reason.fix, HasSubstr("_certwright-ownership TXT certwright=label-of-acme"));
}

TEST_F(OwnerDiagnosis, ownership_mismatch)
{
    serve({{customer, "@ A 127.0.0.4\n" + txt("", "globex")}});
    const auto looked = look(claim("acme", customer));
    expect_ownership(looked, "ownership_mismatch", model::Actor::customer);
    EXPECT_THAT(looked.status.reason.message, HasSubstr("label-of-globex"));
    EXPECT_THAT(looked.status.reason.fix, HasSubstr("label-of-acme"));
}

TEST_F(OwnerDiagnosis, name_in_use)
{
    const auto first = claim("acme", shop);
    const auto second = claim("globex", shop);
    serve({{customer, routing(first)}});
    EXPECT_TRUE(owned(look(first)));
    expect_ownership(look(second), "name_in_use", model::Actor::customer);

    // What the fix says moves the name.
    change(customer, routing(first) + txt(".shop", "globex"));
    EXPECT_TRUE(owned(look(second)));
}

// Proved, but the operator's word stands for another endpoint: only he can give the name away.
TEST_F(OwnerDiagnosis, name_in_use_here)
{
    const auto first = claim("acme", shop, true);
    const auto second = claim("globex", shop);
    serve({{customer, routing(first) + txt(".shop", "globex")}});
    look(first);
    expect_ownership(look(second), "name_in_use_here", model::Actor::platform);
}

TEST_F(OwnerDiagnosis, moved_away)
{
    const auto endpoint = claim("acme", shop, true);
    serve({{customer, routing(endpoint)}});
    write([&](store::Transaction& tx) {
        model::Certificate made;
        made.id = "crt_1";
        made.endpoint = endpoint.id;
        made.identifiers = {shop};
        made.not_before = clock_.now() - std::chrono::hours(1);
        made.not_after = clock_.now() + std::chrono::days(60);
        made.renew_at = clock_.now() + std::chrono::days(40);
        made.created_at = clock_.now();
        return tx.certificates.insert(made);
    });
    ASSERT_EQ(look(endpoint).status.state, EndpointState::active);

    change(customer, "shop CNAME old.customer.test.\nold A 192.0.2.9");
    const auto looked = look(endpoint);
    EXPECT_EQ(looked.status.state, EndpointState::degraded);
    EXPECT_EQ(looked.status.reason.code, "moved_away") << looked.status.reason.message;
    EXPECT_EQ(looked.status.reason.actor, model::Actor::customer);
    EXPECT_THAT(looked.status.reason.message, HasSubstr("Renewals stop on"));
    EXPECT_THAT(looked.status.reason.fix, HasSubstr("shop CNAME"));

    change(customer, routing(endpoint));
    const auto back = look(endpoint);
    EXPECT_EQ(back.status.state, EndpointState::active);
}

}  // namespace
