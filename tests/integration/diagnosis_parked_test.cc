// Parked names are woken when their DNS is mended, by a watch that costs one datagram a turn.
#include "diagnosis/status.h"
#include "diagnosis_fixture.h"
#include "fakes/recording_needs.h"

#include <gmock/gmock.h>

namespace {

using model::EndpointState;
using testing::Contains;
using namespace std::chrono_literals;

class Parked : public test::DiagnosisFixture {
protected:
    static constexpr const char* shop = "shop.customer.test";

    void park(const std::string& name = shop) { park(test::sample_endpoint({name})); }
    // The endpoint as a look has found it, parked since; its next full look is far away.
    void park(model::Endpoint endpoint)
    {
        store_ = store::open_sqlite(folder_.path() / "db", clock_).value();
        const auto found = check(endpoint);
        write([&](store::Transaction& tx) -> base::Result<> {
            model::EdgeGroup group;
            group.name = "default";
            group.addresses = context_.addresses;
            CHECKED(tx.groups.put(group));
            CHECKED(tx.endpoints.insert(endpoint));
            CHECKED(diagnosis::record_findings(tx, endpoint.id, found, clock_.now()));
            TRY(looked_at, tx.endpoints.get(endpoint.id));
            endpoint_ = looked_at;
            endpoint_.status.state = EndpointState::parked;
            endpoint_.status.since = clock_.now() - std::chrono::days(30);
            endpoint_.next_check_at = clock_.now() + std::chrono::hours(20);
            return tx.endpoints.update(endpoint_);
        });
        ASSERT_FALSE(endpoint_.status.reason.none());
        diagnosis::WatchOptions options;
        options.probes = context_.probes;
        options.private_blocks = {"127.0.0.0/8"};
        options.ring.turn = 200ms;
        options.poll = 100ms;
        options.caa_identities = context_.cas.front().caa_identities;
        watch_ = std::make_unique<diagnosis::Watch>(loop_.get_executor(), *store_, resolver(), clock_, needs_,
                                                    options);
        tasks_.spawn("watch", watch_->run());
    }
    void TearDown() override { test::run(loop_, tasks_.stop()); }

    template <class F>
    void write(F function)
    {
        const auto done = test::run(loop_, store_->write(function));
        ASSERT_TRUE(done) << done.error().message();
    }
    bool looked_at_within(std::chrono::seconds limit)
    {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        auto read = [this](store::Transaction& tx) { return tx.endpoints.get(endpoint_.id); };
        while (std::chrono::steady_clock::now() < deadline) {
            if (test::run(loop_, store_->read(read)).value().checks > 0) {
                return true;
            }
            test::run(loop_, base::sleep_for(50ms));
        }
        return false;
    }
    bool woken_within(std::chrono::milliseconds limit)
    {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < deadline && needs_.woken == 0) {
            test::run(loop_, base::sleep_for(20ms));
        }
        return needs_.woken > 0;
    }
    std::vector<std::string> events()
    {
        auto read = [this](store::Transaction& tx) { return tx.events.of_subject(endpoint_.id, 50); };
        std::vector<std::string> types;
        for (const auto& each : test::run(loop_, store_->read(read)).value()) {
            types.push_back(each.type);
        }
        return types;
    }

    model::Endpoint endpoint_;
    test::RecordingNeeds needs_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<diagnosis::Watch> watch_;
    base::TaskGroup tasks_{loop_.get_executor()};
};

TEST_F(Parked, NameIsWokenWhenItsRecordAppears)
{
    serve({{customer, ""}});
    park();
    EXPECT_FALSE(woken_within(1s));

    change(customer, "shop CNAME " + target(shop));
    EXPECT_TRUE(woken_within(15s));
    EXPECT_THAT(events(), Contains("endpoint.resumed"));
    EXPECT_TRUE(needs_.asked.contains(endpoint_.id));
}

TEST_F(Parked, NameIsWokenWhenItsCaaIsMended)
{
    serve({{customer, "shop CNAME " + target(shop) + "\n@ CAA 0 issue \"other.test\""}});
    park();
    EXPECT_EQ(endpoint_.status.reason.code, "caa_forbidden");
    EXPECT_FALSE(woken_within(1s));

    change(customer, "shop CNAME " + target(shop) + "\n@ CAA 0 issue \"ca.test\"");
    EXPECT_TRUE(woken_within(15s));
}

// The routing of an apex is right; what proves whose it is comes late.
TEST_F(Parked, ApexIsWokenWhenItsOwnershipRecordAppears)
{
    const std::string addresses = "@ A 127.0.0.4\n@ A 127.0.0.5\n";
    context_.addresses = {"127.0.0.4", "127.0.0.5"};
    serve({{customer, addresses}});
    auto apex = test::sample_endpoint({customer});
    apex.vouched = false;
    apex.required_records = model::required_records(apex, test::sample_platform(), context_.addresses);
    park(apex);
    EXPECT_EQ(endpoint_.status.reason.code, "ownership_missing");
    EXPECT_FALSE(woken_within(1s));

    change(customer, addresses + "_certwright-ownership TXT \"certwright=" + apex.label + "\"");
    EXPECT_TRUE(woken_within(15s));
}

// A delegation would lead the resolver to port 53, which a test cannot have: the names appear in the parent.
TEST_F(Parked, NameIsLookedAtAgainWhenItsDomainBeginsToExist)
{
    // Resolvers answer for "test" by themselves.
    serve({{"net", ""}});
    park("shop.client.net");
    EXPECT_EQ(endpoint_.status.reason.code, "dns_nxdomain_registration");
    EXPECT_FALSE(woken_within(1s));

    change("net", "client A 192.0.2.1\nshop.client A 192.0.2.1");
    EXPECT_TRUE(looked_at_within(15s));
}

TEST_F(Parked, NameThatOnlyChangesIsLookedAtAgainAndStaysParked)
{
    serve({{customer, "shop A 192.0.2.1"}});
    park();
    change(customer, "shop A 192.0.2.2");
    ASSERT_TRUE(looked_at_within(15s));
    auto read = [this](store::Transaction& tx) { return tx.endpoints.get(endpoint_.id); };
    const auto now = test::run(loop_, store_->read(read)).value();
    EXPECT_EQ(now.status.state, EndpointState::parked);
    EXPECT_EQ(needs_.woken, 0);
}

}  // namespace
