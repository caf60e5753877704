#include "dns/cookie.h"

#include <algorithm>
#include <bit>

namespace dns {

namespace {

constexpr std::int32_t oldest = 3'600;  // seconds
constexpr std::int32_t furthest_ahead = 300;
constexpr std::size_t hashed_head = 8;  // version, reserved and time, in front of the hash

std::uint64_t little_endian(base::ByteView octets)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        value |= static_cast<std::uint64_t>(octets[i]) << (8 * i);
    }
    return value;
}

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round()
    {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }
    void take(std::uint64_t word)
    {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

std::array<std::uint8_t, 8> hash_of(const CookieSecret& secret, base::ByteView client_cookie,
                                    base::ByteView head, base::ByteView address)
{
    std::array<std::uint8_t, client_cookie_size + hashed_head + 16> data{};
    auto end = std::ranges::copy(client_cookie, data.begin()).out;
    end = std::ranges::copy(head, end).out;
    end = std::ranges::copy(address, end).out;
    return siphash(secret, base::ByteView(data.data(), static_cast<std::size_t>(end - data.begin())));
}

}  // namespace

std::array<std::uint8_t, 8> siphash(const CookieSecret& key, base::ByteView data)
{
    const std::uint64_t k0 = little_endian(base::ByteView(key).first(8));
    const std::uint64_t k1 = little_endian(base::ByteView(key).last(8));
    SipState state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                   k1 ^ 0x7465646279746573};
    const std::uint64_t size = data.size();
    for (; data.size() >= 8; data = data.subspan(8)) {
        state.take(little_endian(data.first(8)));
    }
    state.take(little_endian(data) | size << 56);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) {
        state.round();
    }
    const std::uint64_t hash = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    std::array<std::uint8_t, 8> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
        octets[i] = static_cast<std::uint8_t>(hash >> (8 * i));
    }
    return octets;
}

ServerCookie make_server_cookie(const CookieSecret& secret, base::ByteView client_cookie,
                                base::ByteView address, std::uint32_t now)
{
    ServerCookie cookie{1, 0, 0, 0};
    for (std::size_t i = 0; i < 4; ++i) {
        cookie[4 + i] = static_cast<std::uint8_t>(now >> (24 - 8 * i));
    }
    const auto hash = hash_of(secret, client_cookie, base::ByteView(cookie).first(hashed_head), address);
    std::ranges::copy(hash, cookie.begin() + hashed_head);
    return cookie;
}

bool is_good_cookie(const CookieSecret& secret, base::ByteView client_cookie, base::ByteView server_cookie,
                    base::ByteView address, std::uint32_t now)
{
    if (client_cookie.size() != client_cookie_size || server_cookie.size() != server_cookie_size ||
        server_cookie[0] != 1 || address.size() > 16) {
        return false;
    }
    std::uint32_t made = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        made = made << 8 | server_cookie[4 + i];
    }
    const auto age = static_cast<std::int32_t>(now - made);  // RFC 1982
    if (age > oldest || age < -furthest_ahead) {
        return false;
    }
    const auto hash = hash_of(secret, client_cookie, server_cookie.first(hashed_head), address);
    std::uint8_t different = 0;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        different = static_cast<std::uint8_t>(different | (hash[i] ^ server_cookie[hashed_head + i]));
    }
    return different == 0;
}

}  // namespace dns
