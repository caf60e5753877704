#include "diagnosis/watch.h"

#include "diagnosis/status.h"
#include "fakes/fake_resolver.h"
#include "fakes/sample_endpoint.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using dns::RecordType;
using model::EndpointState;
using namespace std::chrono_literals;

class RecordingNeeds final : public diagnosis::NeedsCertificate {
public:
    base::Result<bool> needs_certificate(store::Transaction&, const model::Endpoint& endpoint,
                                         base::Time) override
    {
        asked.insert(endpoint.id);  // On the store's thread; read after the write has ended.
        return true;
    }
    void wake() override { ++woken; }

    std::set<std::string> asked;
    int woken = 0;
};

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

TEST(Cadence, StartsSteadyThenGrowsToItsCap)
{
    const diagnosis::Cadence cadence;
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::pending_dns, 0), 1min);
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::pending_dns, 9), 1min);
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::pending_dns, 10), 69s);
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::pending_dns, 1000), 4h);
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::active, 0), 4h);
    EXPECT_EQ(diagnosis::next_interval(cadence, EndpointState::parked, 0), 24h);
}

}  // namespace
