#include "deploy/files_target.h"

#include "deploy/testing/sample_items.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace deploy {
namespace {

using testing::gone;
using testing::items;
using testing::sample_item;
namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
protected:
    FilesTest()
    {
        test::write_file(program_, "#!/bin/sh\necho run >> " + (folder_.path() / "runs").string() +
                                       "\nexit $(cat " + (folder_.path() / "status").string() + ")\n");
        fs::permissions(program_, fs::perms::owner_all);
        test::write_file(folder_.path() / "status", "0");
        options_.folder = certs_.string();
        options_.reload = {program_.string()};
    }

    FilesTarget target() { return {options_, pool_}; }
    base::Result<> put_all(FilesTarget& target, Items what)
    {
        const auto begun = test::run(loop_, target.begin_all());
        const auto put = begun ? test::run(loop_, target.put(std::move(what))) : begun;
        return put ? test::run(loop_, target.end_all()) : put;
    }
    std::size_t reloads() const
    {
        const auto file = folder_.path() / "runs";
        return fs::exists(file) ? test::read_file(file).size() / 4 : 0;
    }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    boost::asio::thread_pool pool_{1};
    const fs::path certs_ = folder_.path() / "certs";
    const fs::path program_ = folder_.path() / "reload";
    FilesOptions options_;
};

TEST_F(FilesTest, EachNameHasItsFolderForItsOwnerAlone)
{
    auto files = target();
    const auto one = sample_item("ep_1", {"a.test", "*.a.test"}, "crt_1");
    ASSERT_TRUE(put_all(files, items({one})));

    for (const auto name : {"a.test", "_.a.test"}) {
        EXPECT_EQ(test::read_file(certs_ / name / "fullchain.pem"), one.bundles[0].chain_pem);
        EXPECT_EQ(test::read_file(certs_ / name / "privkey.pem"), one.bundles[0].key_pem);
        EXPECT_EQ(test::read_file(certs_ / name / "combined.pem"), one.bundles[0].combined());
    }
    struct stat facts{};
    ASSERT_EQ(::stat((certs_ / "a.test" / "privkey.pem").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
    EXPECT_EQ(reloads(), 1U);
}

TEST_F(FilesTest, ARenewalReplacesTheFolderInOneStepAndRemovesTheOldOne)
{
    auto files = target();
    ASSERT_TRUE(put_all(files, items({sample_item("ep_1", {"a.test"}, "crt_1")})));
    const auto second = sample_item("ep_1", {"a.test"}, "crt_2");
    ASSERT_TRUE(test::run(loop_, files.put(items({second}))));
    ASSERT_TRUE(test::run(loop_, files.put(items({second}))));

    EXPECT_EQ(test::read_file(certs_ / "a.test" / "fullchain.pem"), second.bundles[0].chain_pem);
    EXPECT_FALSE(fs::exists(certs_ / ".versions" / "a.test.crt_1"));
    EXPECT_EQ(reloads(), 2U);
}

TEST_F(FilesTest, WhatIsGoneIsRemovedAndForeignFilesStay)
{
    auto files = target();
    ASSERT_TRUE(put_all(
        files, items({sample_item("ep_1", {"a.test"}, "crt_1"), sample_item("ep_2", {"b.test"}, "crt_2"),
                      sample_item("ep_3", {"c.test"}, "crt_3")})));
    test::write_file(certs_ / "dhparam.pem", "mine");
    ASSERT_TRUE(test::run(loop_, files.put(items({gone("ep_1")}))));
    EXPECT_FALSE(fs::exists(certs_ / "a.test"));

    auto later = target();
    ASSERT_TRUE(put_all(later, items({sample_item("ep_2", {"b.test"}, "crt_2")})));
    EXPECT_TRUE(fs::exists(certs_ / "b.test" / "combined.pem"));
    EXPECT_FALSE(fs::exists(certs_ / "c.test"));
    EXPECT_TRUE(fs::exists(certs_ / "dhparam.pem"));
}

TEST_F(FilesTest, AnRsaCertificateStandsBesideTheEcdsaOne)
{
    auto both = sample_item("ep_1", {"a.test"}, "crt_1");
    both.bundles.push_back(sample_item("ep_1", {"a.test"}, "crt_2", model::KeyType::rsa_2048).bundles[0]);
    auto files = target();
    ASSERT_TRUE(put_all(files, items({both})));
    EXPECT_EQ(test::read_file(certs_ / "a.test" / "fullchain.rsa.pem"), both.bundles[1].chain_pem);
    EXPECT_EQ(test::read_file(certs_ / "a.test" / "privkey.pem"), both.bundles[0].key_pem);
}

TEST_F(FilesTest, AReloadThatFailedIsMadeAgain)
{
    auto files = target();
    test::write_file(folder_.path() / "status", "3");
    const auto all = items({sample_item("ep_1", {"a.test"}, "crt_1")});
    const auto failed = put_all(files, all);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), "deploy_reload_failed");
    test::write_file(folder_.path() / "status", "0");
    EXPECT_TRUE(put_all(files, all));
    EXPECT_TRUE(put_all(files, all));
    EXPECT_EQ(reloads(), 2U);
}

}  // namespace
}  // namespace deploy
