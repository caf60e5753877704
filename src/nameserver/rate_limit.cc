#include "nameserver/rate_limit.h"

#include "base/random.h"

#include <bit>

namespace nameserver {

namespace {

constexpr std::size_t buckets = 524'288;  // 4 MB; an attacker has to fill it to make others share a bucket
constexpr std::int64_t nanoseconds = 1'000'000'000;

constexpr std::uint32_t wider_v4 = 32;  // a /24
constexpr std::uint32_t wider_v6 = 3;   // a /56

std::uint64_t big_endian(const unsigned char* octets, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | octets[i];
    }
    return value;
}

}  // namespace

RateLimit::RateLimit(RateLimitOptions options)
    : options_(options),
      seed_(base::random_below(~std::uint64_t{0})),
      empty_at_(options.per_second > 0 ? new std::atomic<std::int64_t>[buckets]() : nullptr)
{
}

bool RateLimit::admit(const boost::asio::ip::address& client, std::chrono::steady_clock::time_point now)
{
    if (!enabled()) {
        return true;
    }
    const std::int64_t at = std::chrono::nanoseconds(now.time_since_epoch()).count();
    if (client.is_v4() || client.to_v6().is_v4_mapped()) {
        const auto v4 = client.is_v4()
                            ? client.to_v4()
                            : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, client.to_v6());
        return take(v4.to_uint(), 32, 1, at) && take(v4.to_uint() >> 8, 24, wider_v4, at);
    }
    const auto octets = client.to_v6().to_bytes();
    const std::uint64_t upper = big_endian(octets.data(), 8);
    const std::uint64_t lower = big_endian(octets.data() + 8, 8);
    return take(upper ^ std::rotl(lower * 0x9e3779b97f4a7c15, 31), 128, 1, at) &&
           take(upper >> 8, 56, wider_v6, at);
}

bool RateLimit::take(std::uint64_t network, unsigned kind, std::uint32_t multiple, std::int64_t now)
{
    std::uint64_t hash = (network ^ seed_) * 0xff51afd7ed558ccd;
    hash = (hash ^ (hash >> 33) ^ kind) * 0xc4ceb9fe1a85ec53;
    auto& empty_at = empty_at_[(hash ^ (hash >> 29)) % buckets];
    const std::int64_t share = nanoseconds / options_.per_second / multiple;
    const std::int64_t depth = share * options_.burst * multiple;
    const std::int64_t next = std::max(empty_at.load(std::memory_order_relaxed), now) + share;
    if (next - now > depth) {
        return false;
    }
    empty_at.store(next, std::memory_order_relaxed);
    return true;
}

}  // namespace nameserver
