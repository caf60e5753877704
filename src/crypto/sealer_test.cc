#include "crypto/sealer.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace {

crypto::Sealer sealer(std::uint8_t seed = 1)
{
    std::array<std::uint8_t, 32> key{};
    key.fill(seed);
    return crypto::Sealer(key);
}

void write(const std::filesystem::path& file, const std::string& text, mode_t mode)
{
    std::ofstream(file) << text;
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
}

}  // namespace

TEST(Sealer, OpensWhatItSealed)
{
    const base::Bytes secret{1, 2, 3, 0, 255};

    EXPECT_EQ(sealer().open(sealer().seal(secret, "certificate/a"), "certificate/a").value(), secret);
    EXPECT_EQ(sealer().open(sealer().seal({}, ""), "").value(), base::Bytes());
}

TEST(Sealer, HidesEqualSecretsFromOneAnother)
{
    const base::Bytes secret(32, 7);

    const auto first = sealer().seal(secret, "x");

    EXPECT_EQ(first.size(), secret.size() + 29);
    EXPECT_NE(first, sealer().seal(secret, "x"));
}

TEST(Sealer, RefusesAnotherPlaceAndAnotherKey)
{
    const auto sealed = sealer().seal(base::as_bytes("secret"), "certificate/a");

    const auto moved = sealer().open(sealed, "certificate/b");
    const auto foreign = sealer(2).open(sealed, "certificate/a");

    ASSERT_FALSE(moved);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(moved.error().code(), "seal_broken");
    EXPECT_TRUE(foreign.error().fix().contains("master key"));
}

TEST(Sealer, NoticesEveryFlippedBitAndEveryCut)
{
    const auto sealed = sealer().seal(base::as_bytes("secret"), "x");

    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        auto flipped = sealed;
        flipped[i / 8] = static_cast<std::uint8_t>(flipped[i / 8] ^ (1U << (i % 8)));
        EXPECT_FALSE(sealer().open(flipped, "x")) << "bit " << i;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(sealer().open(base::ByteView(sealed).first(size), "x")) << "size " << size;
    }
}

TEST(Sealer, CheckValueTellsKeysApart)
{
    EXPECT_EQ(sealer().check_value(), sealer().check_value());
    EXPECT_NE(sealer(1).check_value(), sealer(2).check_value());
    EXPECT_EQ(sealer().check_value().size(), 16U);
}

TEST(Sealer, MakesItsKeyFileOnceForItsOwnerAlone)
{
    const test::TempDir folder;
    const auto file = folder.path() / "master.key";

    const auto made = crypto::Sealer::open(file, true);
    const auto again = crypto::Sealer::open(file, true);

    ASSERT_TRUE(made);
    ASSERT_TRUE(again);
    EXPECT_EQ(made->check_value(), again->check_value());
    struct stat facts{};
    ASSERT_EQ(::stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Sealer, MissingKeyFileIsAnErrorUnlessItMayBeMade)
{
    const test::TempDir folder;

    const auto missing = crypto::Sealer::open(folder.path() / "none.key", false);
    const auto nowhere = crypto::Sealer::open(folder.path() / "no" / "folder.key", true);

    ASSERT_FALSE(missing);
    EXPECT_FALSE(missing.error().fix().empty());
    EXPECT_FALSE(nowhere);
}

TEST(Sealer, RefusesAKeyFileThatOthersCanRead)
{
    const test::TempDir folder;
    const auto file = folder.path() / "master.key";
    const auto text = base::to_base64(base::Bytes(32, 9)) + "\n";
    for (const mode_t mode : {0640U, 0604U, 0620U, 0660U}) {
        write(file, text, mode);

        const auto opened = crypto::Sealer::open(file, false);

        ASSERT_FALSE(opened) << mode;
        EXPECT_TRUE(opened.error().fix().contains("chmod 600")) << mode;
    }
    write(file, text, 0400);
    EXPECT_TRUE(crypto::Sealer::open(file, false));
}

TEST(Sealer, AcceptsASystemdCredentialWithAnAccessList)
{
    const test::TempDir folder;
    const auto file = folder.path() / "master-key";
    write(file, base::to_base64(base::Bytes(32, 9)), 0440);
    ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);

    const auto opened = crypto::Sealer::open(file, false);

    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_TRUE(opened);
    EXPECT_FALSE(crypto::Sealer::open(file, false));
}

TEST(Sealer, RefusesAKeyFileOfTheWrongLength)
{
    const test::TempDir folder;
    const auto file = folder.path() / "master.key";
    for (const auto& text : {std::string(), base::to_base64(base::Bytes(31, 1)), std::string("not base64 !"),
                             base::to_base64(base::Bytes(33, 1)), std::string(500, 'A')}) {
        write(file, text, 0600);
        EXPECT_FALSE(crypto::Sealer::open(file, false)) << text;
    }
}
