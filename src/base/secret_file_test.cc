#include "base/secret_file.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace base {
namespace {

TEST(SecretFile, IsReplacedWholeAndReadOnlyByItsOwner)
{
    const test::TempDir folder;
    const auto file = folder.path() / "secret";

    ASSERT_TRUE(write_secret_file(file, "one, and longer\n"));
    ASSERT_TRUE(write_secret_file(file, "two\n"));

    EXPECT_EQ(read_small_file(file, 100).value(), "two\n");
    struct stat facts{};
    ASSERT_EQ(::stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
    EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
}

TEST(SecretFile, RefusesWhatIsMissingOrTooLarge)
{
    const test::TempDir folder;
    const auto file = folder.path() / "secret";

    EXPECT_FALSE(read_small_file(file, 100));
    EXPECT_FALSE(write_secret_file(folder.path() / "none" / "secret", "x"));
    ASSERT_TRUE(write_secret_file(file, "12345"));
    EXPECT_FALSE(read_small_file(file, 4));
    EXPECT_TRUE(read_small_file(file, 5));
}

}  // namespace
}  // namespace base
