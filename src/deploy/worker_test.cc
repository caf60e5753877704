#include "deploy/worker.h"

#include "base/task_group.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace deploy {
namespace {

using namespace std::chrono_literals;
using Instants = std::vector<std::chrono::steady_clock::time_point>;

constexpr auto rest = 100ms;

// Notes when it is given something.
class NotingTarget final : public Target {
public:
    explicit NotingTarget(Instants& begun) : begun_(begun) {}

    std::string name() const override { return "noting"; }
    base::Task<> put(Items) override
    {
        begun_.push_back(std::chrono::steady_clock::now());
        co_return base::Result<>();
    }
    base::Task<> begin_all() override { co_return base::Result<>(); }
    base::Task<> end_all() override { co_return base::Result<>(); }
    std::chrono::milliseconds rest() const override { return deploy::rest; }

private:
    Instants& begun_;
};

class WorkerTest : public ::testing::Test {
protected:
    boost::asio::awaitable<void> wish_often(int times)
    {
        for (int i = 0; i < times; ++i) {
            worker_.want({"ep_1"}, {"e", ++number_});
            co_await base::sleep_for(7ms);
        }
        while (worker_.reached().number < number_) {
            co_await base::sleep_for(5ms);
        }
    }
    boost::asio::awaitable<void> work_while_wishing(int times)
    {
        tasks_.spawn("worker", worker_.run());
        co_await wish_often(times);
        co_await tasks_.stop();
    }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    boost::asio::thread_pool pool_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<edge::CertificateStore> store_ = edge::CertificateStore::open(folder_.path()).value();
    Inventory inventory_{*store_, clock_};
    Instants begun_;
    std::int64_t number_ = 0;
    Worker worker_{
        loop_.get_executor(), inventory_, pool_, std::make_unique<NotingTarget>(begun_), {}, [] {}};
    base::TaskGroup tasks_{loop_.get_executor()};
};

// Also when each change arrives after the one before was delivered, as those of a slow CA do.
TEST_F(WorkerTest, ATargetRestsAfterEachPutHoweverChangesCome)
{
    test::run(loop_, work_while_wishing(60));

    ASSERT_GE(begun_.size(), 3U);
    for (std::size_t i = 1; i < begun_.size(); ++i) {
        EXPECT_GE(begun_[i] - begun_[i - 1], rest);
    }
    EXPECT_EQ(worker_.reached().number, number_);
}

}  // namespace
}  // namespace deploy
