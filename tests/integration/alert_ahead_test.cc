// What will stop a renewal is a mail days before: from the customer's DNS server to the mail.
#include "alerts/testing/alert_world.h"
#include "diagnosis/watch.h"
#include "diagnosis_fixture.h"
#include "fakes/recording_needs.h"

#include <gmock/gmock.h>

namespace {

using model::EndpointState;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class AheadOfRenewal : public test::DiagnosisFixture, public alerts::testing::World {
protected:
    static constexpr const char* shop = "shop.customer.test";

    // Served, with a certificate of 90 days that is renewed in five days by the world's clock.
    void add()
    {
        endpoint_ = add_endpoint(shop, std::chrono::days(55));
        endpoint_.vouched = true;
        endpoint_.next_check_at = clock.now();
        must([this](store::Transaction& tx) -> base::Result<> {
            model::CaAccount account;
            account.id = "ca_1";
            account.name = "default";
            account.is_default = true;
            account.caa_identities = {"ca.test"};
            account.created_at = clock.now();
            CHECKED(tx.accounts.put(account));
            TRY(live, tx.certificates.of_endpoint(endpoint_.id));
            live.at(0).renew_at = clock.now() + std::chrono::days(5);
            CHECKED(tx.certificates.update(live.at(0)));
            return tx.endpoints.update(endpoint_);
        });
        diagnosis::WatchOptions options;
        options.probes = context_.probes;
        options.private_blocks = {"127.0.0.0/8"};
        options.poll = 50ms;
        watch_ = std::make_unique<diagnosis::Watch>(loop_.get_executor(), *store, resolver(), clock, needs_,
                                                    options);
    }
    model::Endpoint stored()
    {
        return read([id = endpoint_.id](store::Transaction& tx) { return tx.endpoints.get(id); }).value();
    }
    // The watch does by itself what is due by now.
    void look()
    {
        if (tasks_.size() == 0) {
            tasks_.spawn("watch", watch_->run());
        }
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (*stored().next_check_at <= clock.now() && std::chrono::steady_clock::now() < deadline) {
            test::run(loop_, base::sleep_for(20ms));
        }
        ASSERT_GT(*stored().next_check_at, clock.now()) << "it was not looked at";
    }
    void TearDown() override { test::run(loop_, tasks_.stop()); }
    model::Event last(std::string_view type)
    {
        auto events = read([id = endpoint_.id](store::Transaction& tx) {
                          return tx.events.of_subject(id, 100);
                      }).value();
        const auto found = std::ranges::find(events, type, &model::Event::type);
        return found == events.end() ? model::Event() : *found;
    }
    std::string routing() const { return "shop CNAME " + endpoint_.required_records.at(0).value + ".\n"; }

    const base::Time world_start = clock.now();
    model::Endpoint endpoint_;
    test::RecordingNeeds needs_;
    std::unique_ptr<diagnosis::Watch> watch_;
    base::TaskGroup tasks_{loop_.get_executor()};
};

TEST_F(AheadOfRenewal, WhatWillStopItIsMailedDaysBefore)
{
    add_channel(model::ChannelKind::email, "admin@acme.test", "acme");
    add_channel(model::ChannelKind::email, "ops@platform.test");
    serve({{customer, ""}});
    add();
    change(customer, routing());
    look();
    ASSERT_EQ(stored().status.state, EndpointState::active);
    pass(options.gather);
    EXPECT_THAT(mail.mails, IsEmpty());

    change(customer, routing() + "@ CAA 0 issue \"other-ca.test\"");
    clock.advance(*stored().next_check_at - clock.now());
    look();
    EXPECT_EQ(stored().status.state, EndpointState::degraded);
    EXPECT_EQ(stored().status.reason.code, "caa_forbidden") << stored().status.reason.message;
    settle();
    pass(options.gather);
    EXPECT_THAT(subjects_to("admin@acme.test"), Contains(HasSubstr("shop.customer.test: renewal will fail")));
    EXPECT_THAT(subjects_to("ops@platform.test"), IsEmpty()) << "the customer must act";

    // The event of the look before the renewal says it again, three days ahead.
    while (clock.now() < world_start + std::chrono::days(2)) {
        clock.advance(*stored().next_check_at - clock.now());
        ASSERT_NO_FATAL_FAILURE(look());
    }
    const auto upcoming = last("certificate.renewal.upcoming");
    EXPECT_EQ(upcoming.data.at("reason"), "caa_forbidden") << upcoming.message;
    EXPECT_THAT(upcoming.data.at("fix"), HasSubstr("0 issue \"ca.test\""));
    EXPECT_LE(upcoming.created_at, world_start + std::chrono::days(2) + 5h);

    change(customer, routing());
    clock.advance(*stored().next_check_at - clock.now());
    look();
    EXPECT_EQ(stored().status.state, EndpointState::active);
    settle();
    pass(options.gather);
    EXPECT_THAT(open_alerts(), IsEmpty());
}

}  // namespace
