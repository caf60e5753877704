#include "dns/cookie.h"

#include <gtest/gtest.h>

namespace dns {
namespace {

base::Bytes hex(std::string_view text)
{
    return base::from_hex(text).value();
}

CookieSecret secret(std::string_view text)
{
    CookieSecret made{};
    std::ranges::copy(hex(text), made.begin());
    return made;
}

std::string text(const ServerCookie& cookie)
{
    return base::to_hex(cookie);
}

// The vector of the specification of SipHash: key 00..0f, data 00..0e.
TEST(Cookie, HashesAsSipHash24)
{
    base::Bytes data;
    for (std::uint8_t i = 0; i < 15; ++i) {
        data.push_back(i);
    }
    EXPECT_EQ(base::to_hex(siphash(secret("000102030405060708090a0b0c0d0e0f"), data)), "e545be4961ca29a1");
}

// RFC 9018 appendix A.
TEST(Cookie, IsThatOfOtherServersWithTheSecret)
{
    const auto one = secret("e5e973e5a6b2a43f48e7dc849e37bfcf");
    const auto v4 = hex("c6336464");  // 198.51.100.100
    const auto client = hex("2464c4abcf10c957");
    EXPECT_EQ(text(make_server_cookie(one, client, v4, 1'559'731'985)), "010000005cf79f111f8130c3eee29480");

    const auto other = hex("cb0071cb");  // 203.0.113.203
    const auto reserved_used = hex("01abcdef5cf78f71a314227b6679ebf5");
    EXPECT_TRUE(is_good_cookie(one, hex("fc93fc62807ddb86"), reserved_used, other, 1'559'728'000));

    const auto v6 = hex("20010db80220000159ded0f4876982b8");
    EXPECT_TRUE(is_good_cookie(secret("dd3bdf9344b678b185a6f5cb60fca715"), hex("22681ab97d52c298"),
                               hex("010000005cf7c57926556bd0934c72f8"), v6, 1'559'741'961));
    EXPECT_EQ(text(make_server_cookie(secret("445536bcd2513298075a5d379663c962"), hex("22681ab97d52c298"), v6,
                                      1'559'741'961)),
              "010000005cf7c609a6bb79d16625507a");
}

TEST(Cookie, IsGoodForItsClientAndItsTimeAlone)
{
    const auto key = secret("e5e973e5a6b2a43f48e7dc849e37bfcf");
    const auto address = hex("c6336464");
    const auto client = hex("2464c4abcf10c957");
    const std::uint32_t now = 1'800'000'000;
    const auto cookie = make_server_cookie(key, client, address, now);
    EXPECT_TRUE(is_good_cookie(key, client, cookie, address, now + 3'600));
    EXPECT_FALSE(is_good_cookie(key, client, cookie, address, now + 3'601));
    EXPECT_TRUE(is_good_cookie(key, client, cookie, address, now - 300));
    EXPECT_FALSE(is_good_cookie(key, client, cookie, address, now - 301));
    EXPECT_FALSE(is_good_cookie(key, client, cookie, hex("c6336465"), now));
    EXPECT_FALSE(is_good_cookie(key, hex("2464c4abcf10c958"), cookie, address, now));
    EXPECT_FALSE(is_good_cookie(secret("00e973e5a6b2a43f48e7dc849e37bfcf"), client, cookie, address, now));
    auto changed = cookie;
    changed[15] ^= 1;
    EXPECT_FALSE(is_good_cookie(key, client, changed, address, now));
    EXPECT_FALSE(is_good_cookie(key, client, base::ByteView(cookie).first(8), address, now));
}

}  // namespace
}  // namespace dns
