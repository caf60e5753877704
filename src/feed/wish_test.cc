#include "feed/wish.h"

#include <gtest/gtest.h>

namespace feed {
namespace {

TEST(FeedWish, TravelsUnchanged)
{
    const auto wish = wish_from_json(to_json(model::Wish{"example.com", "2001:db8::1"})).value();
    EXPECT_EQ(wish.name, "example.com");
    EXPECT_EQ(wish.client, "2001:db8::1");
    model::WishAnswer answer;
    answer.code = "dns_wrong_target";
    answer.message = "It \"leads\" elsewhere.";
    answer.keep = std::chrono::seconds(60);
    const auto received = wish_answer_from_json(to_json(answer)).value();
    EXPECT_FALSE(received.granted);
    EXPECT_EQ(received.code, answer.code);
    EXPECT_EQ(received.message, answer.message);
    EXPECT_EQ(received.keep, answer.keep);
    answer.granted = true;
    EXPECT_TRUE(wish_answer_from_json(to_json(answer))->granted);
}

TEST(FeedWish, RefusesWhatItCannotRead)
{
    for (const auto* each : {"", "[]", "{}", R"({"name":7})", R"({"name":""})"}) {
        EXPECT_FALSE(wish_from_json(each)) << each;
    }
    EXPECT_FALSE(wish_from_json(R"({"name":")" + std::string(300, 'a') + R"("})"));
    EXPECT_FALSE(wish_answer_from_json("no"));
    EXPECT_FALSE(wish_answer_from_json("{}")->granted) << "what is not said is not granted";
    EXPECT_LE(wish_answer_from_json(R"({"keep_s":99999999999})")->keep, std::chrono::hours(24));
    EXPECT_GE(wish_answer_from_json(R"({"keep_s":-5})")->keep.count(), 0);
}

}  // namespace
}  // namespace feed
