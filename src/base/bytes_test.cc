#include "base/bytes.h"

#include "base/random.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string_view>
#include <thread>

namespace base {
namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648)
{
    const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : cases) {
        EXPECT_EQ(to_base64(as_bytes(plain)), text);
        EXPECT_EQ(as_text(from_base64(text).value()), plain);
    }
    EXPECT_EQ(to_base32(as_bytes("foobar")), "mzxw6ytboi");
}

TEST(Base64Url, RefusesOtherAlphabetsAndCutText)
{
    EXPECT_TRUE(from_base64url("_-8"));
    EXPECT_TRUE(from_base64url("Zg=="));
    EXPECT_FALSE(from_base64url("+/8"));
    EXPECT_FALSE(from_base64url("Zm9vY"));
    EXPECT_FALSE(from_base64url("Zm 9"));
}

TEST(Hex, RoundTripsEveryByte)
{
    Bytes all;
    for (int i = 0; i < 256; ++i) {
        all.push_back(static_cast<std::uint8_t>(i));
    }
    EXPECT_EQ(from_hex(to_hex(all)).value(), all);
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("zz"));
}

TEST(Ids, SortByTheTimeTheyWereMade)
{
    const auto first = new_id("ep");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto second = new_id("ep");
    const auto twin = new_id("ep");

    EXPECT_LT(first, second);
    EXPECT_NE(second, twin);
    EXPECT_EQ(first.size(), std::string_view("ep_").size() + 20);
    EXPECT_EQ(first.substr(3).find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
}

TEST(Random, LabelsAreLongEnoughAndDiffer)
{
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto label = random_label(13);
        EXPECT_EQ(label.size(), 13U);
        seen.insert(label);
    }
    EXPECT_EQ(seen.size(), 1000U);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LT(random_below(7), 7U);
    }
}

}  // namespace
}  // namespace base
