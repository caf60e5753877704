#include "acme/nonce_pool.h"

#include <gtest/gtest.h>

namespace {

constexpr base::Time filled{std::chrono::hours(1)};

}  // namespace

TEST(NoncePool, GivesTheNewestFirstAndEachOnce)
{
    acme::NoncePool pool;
    pool.add("old", filled);
    pool.add("new", filled + std::chrono::seconds(1));

    EXPECT_EQ(pool.take(filled), "new");
    EXPECT_EQ(pool.take(filled), "old");
    EXPECT_EQ(pool.take(filled), std::nullopt);
}

TEST(NoncePool, ForgetsOldOnes)
{
    acme::NoncePool pool;
    pool.add("old", filled);

    EXPECT_EQ(pool.take(filled + acme::NoncePool::life), std::nullopt);
    EXPECT_EQ(pool.size(), 0U);
}

TEST(NoncePool, IsBoundedAndDropsTheOldest)
{
    acme::NoncePool pool;
    for (std::size_t i = 0; i < 3 * acme::NoncePool::capacity; ++i) {
        pool.add("nonce" + std::to_string(i), filled);
    }

    EXPECT_EQ(pool.size(), acme::NoncePool::capacity);
    EXPECT_EQ(pool.take(filled), "nonce191");
}

TEST(NoncePool, IgnoresWhatIsNoNonce)
{
    acme::NoncePool pool;
    for (const auto& text : {std::string(), std::string("with space"), std::string("a+b"),
                             std::string("\"quoted\""), std::string(10'000, 'x')}) {
        pool.add(text, filled);
    }

    EXPECT_EQ(pool.size(), 0U);
}
