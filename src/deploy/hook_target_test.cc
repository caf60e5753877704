#include "deploy/hook_target.h"

#include "deploy/testing/sample_items.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace deploy {
namespace {

using testing::gone;
using testing::items;
using testing::sample_item;
namespace fs = std::filesystem;

class HookTest : public ::testing::Test {
protected:
    HookTest()
    {
        test::write_file(
            program_,
            "#!/bin/sh\ncd " + folder_.path().string() +
                "\ncat > input\necho $CERTWRIGHT_EVENT $CERTWRIGHT_NAME >> told\ntest ! -e broken\n");
        fs::permissions(program_, fs::perms::owner_all);
        options_.command = {program_.string()};
        options_.ledger = folder_.path() / "ledger";
    }

    base::Result<> put_all(HookTarget& target, Items what)
    {
        const auto begun = test::run(loop_, target.begin_all());
        const auto put = begun ? test::run(loop_, target.put(std::move(what))) : begun;
        return put ? test::run(loop_, target.end_all()) : put;
    }
    std::string told() const { return test::read_file(folder_.path() / "told"); }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    boost::asio::thread_pool pool_{1};
    const fs::path program_ = folder_.path() / "hook";
    HookOptions options_;
};

TEST_F(HookTest, IsToldOfEachChangeOnceAlsoOverRestarts)
{
    const auto all =
        items({sample_item("ep_1", {"a.test"}, "crt_1"), sample_item("ep_2", {"b.test"}, "crt_2")});
    HookTarget hook(options_, pool_);
    ASSERT_TRUE(put_all(hook, all));
    ASSERT_TRUE(put_all(hook, all));
    HookTarget restarted(options_, pool_);
    ASSERT_TRUE(put_all(restarted, all));
    ASSERT_TRUE(
        test::run(loop_, restarted.put(items({sample_item("ep_1", {"a.test"}, "crt_3"), gone("ep_9")}))));
    EXPECT_EQ(told(), "deployed a.test\ndeployed b.test\ndeployed a.test\n");
    EXPECT_NE(test::read_file(folder_.path() / "input").find("-----BEGIN PRIVATE KEY-----"),
              std::string::npos);

    ASSERT_TRUE(put_all(restarted, items({sample_item("ep_1", {"a.test"}, "crt_3")})));
    EXPECT_EQ(told(), "deployed a.test\ndeployed b.test\ndeployed a.test\nremoved b.test\n");
}

TEST_F(HookTest, IsRunAgainUntilItSucceeds)
{
    HookTarget hook(options_, pool_);
    test::write_file(folder_.path() / "broken", "");
    const auto all = items({sample_item("ep_1", {"a.test"}, "crt_1")});
    const auto failed = put_all(hook, all);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), "deploy_hook_failed");
    fs::remove(folder_.path() / "broken");
    EXPECT_TRUE(put_all(hook, all));
    EXPECT_EQ(told(), "deployed a.test\ndeployed a.test\n");
}

// A crash while the ledger was written: half a line says nothing.
TEST_F(HookTest, ABrokenLedgerMeansTellingAgain)
{
    test::write_file(options_.ledger, "ep_1\ta.test\tcrt_1 a.te");
    HookTarget hook(options_, pool_);
    ASSERT_TRUE(put_all(hook, items({sample_item("ep_1", {"a.test"}, "crt_1")})));
    EXPECT_EQ(told(), "deployed a.test\n");
}

}  // namespace
}  // namespace deploy
