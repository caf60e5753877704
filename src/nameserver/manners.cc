#include "nameserver/manners.h"

#include <algorithm>

namespace nameserver {

namespace {

constexpr std::uint32_t seconds_a_day = 86'400;

// SipHash is a pseudo-random function of its key: two of its values make one secret.
dns::CookieSecret secret_of_day(const dns::CookieSecret& key, std::uint32_t day)
{
    dns::CookieSecret secret{};
    for (std::uint8_t half = 0; half < 2; ++half) {
        const std::array<std::uint8_t, 5> data{
            static_cast<std::uint8_t>(day >> 24), static_cast<std::uint8_t>(day >> 16),
            static_cast<std::uint8_t>(day >> 8), static_cast<std::uint8_t>(day), half};
        std::ranges::copy(dns::siphash(key, data), secret.begin() + half * 8);
    }
    return secret;
}

}  // namespace

void CookieSecrets::turn(std::uint32_t now)
{
    const std::uint32_t day = now / seconds_a_day;
    if (day == day_) {
        return;
    }
    day_ = day;
    today_ = secret_of_day(key_, day);
    yesterday_ = secret_of_day(key_, day - 1);
}

bool CookieSecrets::good(base::ByteView client_cookie, base::ByteView server_cookie, base::ByteView address,
                         std::uint32_t now) const
{
    return dns::is_good_cookie(today_, client_cookie, server_cookie, address, now) ||
           dns::is_good_cookie(yesterday_, client_cookie, server_cookie, address, now);
}

}  // namespace nameserver
