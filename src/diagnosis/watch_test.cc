#include "diagnosis/watch.h"

#include "diagnosis/renewal_notice.h"
#include "diagnosis/status.h"
#include "fakes/fake_resolver.h"
#include "fakes/recording_needs.h"
#include "fakes/sample_endpoint.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using dns::RecordType;
using model::EndpointState;
using namespace std::chrono_literals;

using test::RecordingNeeds;

class Watch : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        endpoint_.next_check_at = clock_.now();
        write([this](store::Transaction& tx) -> base::Result<> {
            model::EdgeGroup group;
            group.name = "default";
            group.addresses = {"198.51.100.7"};
            CHECKED(tx.groups.put(group));
            return tx.endpoints.insert(endpoint_);
        });
        watch_ = std::make_unique<diagnosis::Watch>(loop_.get_executor(), *store_, resolver_, clock_, needs_,
                                                    diagnosis::WatchOptions{});
    }

    template <class F>
    void write(F function)
    {
        const auto done = test::run(loop_, store_->write(function));
        ASSERT_TRUE(done) << done.error().message();
    }
    model::Endpoint check()
    {
        auto checked = test::run(loop_, watch_->check_now(endpoint_.id));
        EXPECT_TRUE(checked) << (checked ? "" : checked.error().message());
        return std::move(*checked);
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

    test::TempDir dir_;
    asio::io_context loop_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    test::FakeResolver resolver_;
    RecordingNeeds needs_;
    std::unique_ptr<store::Store> store_;
    model::Endpoint endpoint_ = test::sample_endpoint({"shop.example.com"});
    std::unique_ptr<diagnosis::Watch> watch_;
};

TEST_F(Watch, StoresWhatItFindsAndWhenItLooksAgain)
{
    const auto stored = check();

    EXPECT_EQ(stored.status.state, EndpointState::pending_dns);
    EXPECT_EQ(stored.status.reason.code, "dns_not_found");
    EXPECT_EQ(stored.required_records.at(0).status, model::RecordStatus::missing);
    EXPECT_GE(*stored.next_check_at, clock_.now() + 1min);
    EXPECT_LE(*stored.next_check_at, clock_.now() + 2min);
    EXPECT_TRUE(needs_.asked.empty());
}

TEST_F(Watch, AsksForACertificateOnceDnsIsRight)
{
    static_cast<void>(check());
    resolver_.set("shop.example.com", RecordType::cname, {endpoint_.required_records.at(0).value});

    const auto stored = check();

    EXPECT_TRUE(needs_.asked.contains(endpoint_.id));
    EXPECT_EQ(needs_.woken, 1);
    EXPECT_EQ(stored.status.state, EndpointState::issuing);
    const auto seen = events();
    EXPECT_NE(std::ranges::find(seen, "endpoint.dns_ok"), seen.end());
    EXPECT_NE(std::ranges::find(seen, "endpoint.verified"), seen.end());
}

TEST_F(Watch, DoesNotOverwriteAChangeMadeWhileItLooked)
{
    auto changed = endpoint_;
    changed.upstream = "http://192.0.2.44:80";
    auto findings = test::run(loop_, watch_->look(endpoint_));
    ASSERT_TRUE(findings);
    write([&](store::Transaction& tx) { return tx.endpoints.update(changed); });

    EXPECT_EQ(check().upstream, "http://192.0.2.44:80");
}

TEST_F(Watch, ParksAfterAWeekAndThenLooksDaily)
{
    static_cast<void>(check());
    clock_.advance(diagnosis::Cadence().longest);
    clock_.advance(std::chrono::days(7));

    const auto stored = check();

    EXPECT_EQ(stored.status.state, EndpointState::parked);
    EXPECT_GE(*stored.next_check_at, clock_.now() + 24h);
}

TEST_F(Watch, LooksAtWhatIsDueByItself)
{
    base::TaskGroup group(loop_.get_executor());
    group.spawn("watch", watch_->run());
    auto until_checked = [](test::FakeResolver& resolver) -> asio::awaitable<bool> {
        for (int i = 0; i < 500 && resolver.asked == 0; ++i) {
            co_await base::sleep_for(10ms);
        }
        co_return resolver.asked > 0;
    };

    EXPECT_TRUE(test::run(loop_, until_checked(resolver_)));
    test::run(loop_, group.stop());
}

// A tenant whose name servers do not answer, in front of all others.
TEST_F(Watch, ThousandsOfNamesThatDoNotAnswerHoldUpNobodyElse)
{
    constexpr int stuck = 2'000;
    resolver_.slow("stuck.test", 1h);
    write([this](store::Transaction& tx) -> base::Result<> {
        for (int i = 0; i < stuck; ++i) {
            auto each = test::sample_endpoint({fmt::format("n{}.stuck.test", i)});
            each.tenant = "stuck";
            each.label = fmt::format("stuck{}", i);
            each.next_check_at = clock_.now() - 1h;
            CHECKED(tx.endpoints.insert(each));
        }
        return {};
    });
    base::TaskGroup group(loop_.get_executor());
    group.spawn("watch", watch_->run());
    auto until_checked = [](store::Store& store, std::string id) -> asio::awaitable<bool> {
        auto read = [id](store::Transaction& tx) { return tx.endpoints.get(id); };
        for (int i = 0; i < 1'000; ++i) {
            const auto now = co_await store.read(read);
            if (now && now->checks > 0) {
                co_return true;
            }
            co_await base::sleep_for(10ms);
        }
        co_return false;
    };
    EXPECT_TRUE(test::run(loop_, until_checked(*store_, endpoint_.id))) << "was there from the start";
    auto later = test::sample_endpoint({"later.example.com"});
    later.next_check_at = clock_.now();
    write([&](store::Transaction& tx) { return tx.endpoints.insert(later); });
    watch_->wake();
    EXPECT_TRUE(test::run(loop_, until_checked(*store_, later.id))) << "came when half of the room was taken";
    EXPECT_LT(resolver_.asked, 500U) << "half of the checks that may run, not thousands";

    test::run(loop_, group.stop());
}

// An endpoint that is served, with a certificate of 90 days that is renewed in 30.
class ServedWatch : public Watch {
protected:
    void SetUp() override
    {
        Watch::SetUp();
        endpoint_.status.state = EndpointState::active;
        certificate_.id = "crt_1";
        certificate_.tenant = endpoint_.tenant;
        certificate_.endpoint = endpoint_.id;
        certificate_.identifiers = {"shop.example.com"};
        certificate_.not_before = clock_.now() - std::chrono::days(30);
        certificate_.not_after = clock_.now() + std::chrono::days(60);
        certificate_.renew_at = clock_.now() + std::chrono::days(30);
        certificate_.created_at = clock_.now();
        write([this](store::Transaction& tx) -> base::Result<> {
            CHECKED(tx.certificates.insert(certificate_));
            return tx.endpoints.update(endpoint_);
        });
        lead_to_us();
        ASSERT_EQ(check().status.state, EndpointState::active);
    }
    void lead_to_us()
    {
        resolver_.set("shop.example.com", RecordType::cname, {endpoint_.required_records.at(0).value});
    }
    std::optional<base::Time> renew_at()
    {
        auto read = [](store::Transaction& tx) { return tx.certificates.get("crt_1"); };
        return test::run(loop_, store_->read(read)).value().renew_at;
    }
    model::Event last_event(std::string_view type)
    {
        auto read = [this](store::Transaction& tx) { return tx.events.of_subject(endpoint_.id, 50); };
        for (const auto& each : test::run(loop_, store_->read(read)).value()) {
            if (each.type == type) {
                return each;
            }
        }
        return {};
    }

    model::Certificate certificate_;
};

TEST_F(ServedWatch, NamesThatMoveAwayAreNoticedAndNotRenewedAfterAWhile)
{
    resolver_.set("shop.example.com", RecordType::cname, {"elsewhere.example.org"});
    const auto moved = check();
    EXPECT_EQ(moved.status.state, EndpointState::degraded);
    EXPECT_EQ(moved.status.reason.code, "moved_away");
    EXPECT_EQ(moved.status.since, clock_.now());
    EXPECT_THAT(moved.status.reason.message, ::testing::HasSubstr("Renewals stop on "));
    EXPECT_TRUE(moved.status.serving);
    EXPECT_TRUE(renew_at());
    EXPECT_EQ(last_event("endpoint.dns_drift").data["reason"], "dns_wrong_target");

    clock_.advance(std::chrono::days(8));
    const auto stopped = check();
    EXPECT_EQ(stopped.status.reason.code, "moved_away");
    EXPECT_THAT(stopped.status.reason.message, ::testing::HasSubstr("Renewals have stopped"));
    EXPECT_FALSE(renew_at());
    EXPECT_FALSE(last_event("certificate.renewal.stopped").message.empty());
}

TEST_F(ServedWatch, ANameThatComesBackIsRenewedAgain)
{
    resolver_.set("shop.example.com", RecordType::cname, {"elsewhere.example.org"});
    static_cast<void>(check());
    clock_.advance(std::chrono::days(8));
    static_cast<void>(check());
    ASSERT_FALSE(renew_at());

    lead_to_us();
    EXPECT_EQ(check().status.state, EndpointState::active);
    EXPECT_EQ(renew_at(), model::renewal_time(certificate_.not_before, certificate_.not_after));
}

TEST_F(ServedWatch, IsLookedAtDaysBeforeTheRenewalAndSaysThatNothingStandsInItsWay)
{
    clock_.advance(std::chrono::days(27) - 2h);
    EXPECT_EQ(*check().next_check_at, certificate_.renew_at.value() - std::chrono::days(3));
    EXPECT_TRUE(last_event("certificate.renewal.upcoming").type.empty());

    clock_.advance(3h);
    static_cast<void>(check());
    EXPECT_EQ(last_event("certificate.renewal.upcoming").data["challenge"], "http-01");
    EXPECT_THAT(last_event("certificate.renewal.upcoming").message,
                ::testing::HasSubstr("Nothing stands in its way"));
}

TEST_F(ServedWatch, SaysDaysBeforeTheRenewalWhatWillStopIt)
{
    resolver_.set("shop.example.com", RecordType::a, {"192.0.2.9", "198.51.100.7"});
    resolver_.set("shop.example.com", RecordType::cname, {});
    clock_.advance(std::chrono::days(28));
    const auto blocked = check();
    EXPECT_EQ(blocked.status.state, EndpointState::degraded);
    EXPECT_EQ(blocked.status.reason.code, "dns_conflict_extra_a");
    const auto event = last_event("certificate.renewal.upcoming");
    EXPECT_EQ(event.tenant, endpoint_.tenant);
    EXPECT_EQ(last_event("certificate.renewal.upcoming").data["reason"], "dns_conflict_extra_a");

    // Said once.
    const auto number = event.number;
    clock_.advance(4h);
    static_cast<void>(check());
    EXPECT_EQ(last_event("certificate.renewal.upcoming").number, number);
}

TEST(Cadence, LooksBeforeARenewalInProportionToTheLifetime)
{
    model::Certificate certificate;
    certificate.not_after = base::Time(160h);
    certificate.renew_at = base::Time(80h);
    EXPECT_EQ(diagnosis::look_before_renewal({certificate}), base::Time(80h) - 320min);
    certificate.renew_at.reset();
    EXPECT_FALSE(diagnosis::look_before_renewal({certificate}));
}

// One minute ten times, then 1.15 times as long each time, up to four hours; daily once parked.
TEST(Cadence, OfEachState)
{
    const struct {
        EndpointState state;
        int checks;
        std::chrono::seconds wait;
    } rows[] = {
        {EndpointState::pending_dns, 0, 60s},
        {EndpointState::pending_dns, 9, 60s},
        {EndpointState::pending_dns, 10, 69s},
        {EndpointState::pending_dns, 11, 79s},
        {EndpointState::pending_dns, 20, 279s},
        {EndpointState::pending_dns, 48, 13'975s},
        {EndpointState::pending_dns, 49, 4h},
        {EndpointState::pending_dns, 1000, 4h},
        {EndpointState::issuing, 0, 60s},
        {EndpointState::issuing, 49, 4h},
        {EndpointState::action_required, 0, 60s},
        {EndpointState::action_required, 10, 69s},
        {EndpointState::action_required, 1000, 4h},
        {EndpointState::degraded, 0, 60s},
        {EndpointState::degraded, 10, 69s},
        {EndpointState::degraded, 49, 4h},
        {EndpointState::active, 0, 4h},
        {EndpointState::active, 1000, 4h},
        {EndpointState::parked, 0, 24h},
        {EndpointState::parked, 1000, 24h},
    };
    for (const auto& row : rows) {
        const auto found = diagnosis::next_interval(diagnosis::Cadence(), row.state, row.checks);
        EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(found), row.wait)
            << model::to_string(row.state) << " after " << row.checks;
    }
}

// On a virtual clock: a name that nobody mends is looked at this often until it is parked, and then daily.
TEST_F(Watch, FollowsTheCadenceUntilItParks)
{
    const auto began = clock_.now();
    std::vector<std::chrono::milliseconds> waits;
    auto stored = check();
    while (stored.status.state == EndpointState::pending_dns && waits.size() < 200) {
        waits.push_back(*stored.next_check_at - clock_.now());
        clock_.advance(waits.back());
        stored = check();
    }
    EXPECT_EQ(stored.status.state, EndpointState::parked);
    const auto parked_after = clock_.now() - began;
    EXPECT_GE(parked_after, diagnosis::park_after);
    EXPECT_LE(parked_after, diagnosis::park_after + 5h);
    for (std::size_t i = 0; i < waits.size(); ++i) {
        const auto exact =
            diagnosis::next_interval(diagnosis::Cadence(), EndpointState::pending_dns, static_cast<int>(i));
        EXPECT_GE(waits[i], exact) << i;
        EXPECT_LE(waits[i], exact + exact / 10 + 1ms) << i;
    }
    EXPECT_GE(*stored.next_check_at - clock_.now(), 24h);
}

}  // namespace
