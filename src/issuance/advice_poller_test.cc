// How often the poller of renewal advice looks into the store.
#include "base/gather.h"
#include "issuance/testing/renewal_world.h"

#include <algorithm>

namespace {

using namespace std::chrono_literals;

class AdvicePolls : public test::Renewals {};

// Counts what is written.
class CountingStore final : public store::Store {
public:
    explicit CountingStore(store::Store& store) : store_(store) {}
    base::Task<> run_write(Operation operation) override
    {
        ++writes;
        return store_.run_write(std::move(operation));
    }
    base::Task<> run_read(Operation operation) override { return store_.run_read(std::move(operation)); }
    void on_revision(std::function<void(std::int64_t)> listener) override
    {
        store_.on_revision(std::move(listener));
    }

    std::size_t writes = 0;

private:
    store::Store& store_;
};

std::ptrdiff_t answered(const std::vector<base::Result<bool>>& asked)
{
    return std::ranges::count_if(asked, [](const auto& each) { return each.value(); });
}

TEST_F(AdvicePolls, ManyWhoFindNothingLeftLookInTheStoreOnce)
{
    advise_like_lets_encrypt();
    CountingStore counting(*store_);
    issuance::AdvicePoller poller(loop_.get_executor(), counting, clock_, *accounts_);
    const auto ask_at_once = [&] {
        std::vector<base::Task<bool>> questions;
        for (int i = 0; i < 8; ++i) {
            questions.push_back(poller.poll_one());
        }
        return answered(test::run(loop_, base::gather(std::move(questions))));
    };

    EXPECT_EQ(ask_at_once(), 0);
    EXPECT_EQ(counting.writes, 1U);

    for (int i = 0; i < 20; ++i) {  // more than are taken at once
        add("s" + std::to_string(i), 2160h);
    }
    EXPECT_EQ(ask_at_once(), 8);
    EXPECT_EQ(ask_at_once(), 8);
    EXPECT_EQ(ask_at_once(), 4);
    EXPECT_EQ(ask_at_once(), 0);
}

TEST_F(AdvicePolls, AnIdlePollerLooksOncePerPause)
{
    advise_like_lets_encrypt();
    CountingStore counting(*store_);
    issuance::AdvicePollerOptions options;
    options.interval = 1ms;
    options.idle = 30s;
    issuance::AdvicePoller poller(loop_.get_executor(), counting, clock_, *accounts_, options);
    base::TaskGroup group(loop_.get_executor());
    group.spawn("poller", poller.run());
    const auto pass_a_second = [&] {
        clock_.advance(1s);
        loop_.restart();
        loop_.run_for(2ms);
    };

    for (int i = 0; i < 300; ++i) {
        pass_a_second();
    }
    EXPECT_GE(counting.writes, 2U);
    EXPECT_LE(counting.writes, 11U);

    const auto certificate = add("late", 2160h);
    for (int i = 0; i < 3'000 && !advice_of(certificate.id)->chosen_at; ++i) {
        pass_a_second();
    }
    EXPECT_TRUE(advice_of(certificate.id)->chosen_at.has_value());
    test::run(loop_, group.stop());
}

}  // namespace
