#include "edge/http_01.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

TEST(Http01, TakesTheTokenFromAWellFormedPath)
{
    EXPECT_EQ(challenge_token("/.well-known/acme-challenge/aB3-_x"), "aB3-_x");
    EXPECT_EQ(challenge_token("/.well-known/acme-challenge/" + std::string(128, 'a')), std::string(128, 'a'));
}

TEST(Http01, RefusesEverythingThatIsNotAToken)
{
    for (const auto* path : {"/.well-known/acme-challenge/", "/.well-known/acme-challenge", "/", "",
                             "/.well-known/acme-challenge/a/b", "/.well-known/acme-challenge/../x",
                             "/.well-known/acme-challenge/a%2e", "/.well-known/acme-challenge/a.b",
                             "/.well-known/acme-challenge/<script>", "/x/.well-known/acme-challenge/abc",
                             "/.WELL-KNOWN/acme-challenge/abc", "/.well-known/acme-challenge/a b"}) {
        EXPECT_FALSE(challenge_token(path)) << path;
    }
    EXPECT_FALSE(challenge_token("/.well-known/acme-challenge/" + std::string(129, 'a')));
    EXPECT_FALSE(challenge_token(std::string("/.well-known/acme-challenge/a\0b", 31)));
}

TEST(Http01, JoinsTokenAndThumbprint)
{
    EXPECT_EQ(key_authorization("tok", "thumb"), "tok.thumb");
}

}  // namespace
}  // namespace edge
