// RateLimit: response rate limiting over UDP, against being used to flood somebody whose address is forged.
//
// A limit for each address and a wider one for its network (a /24 gets 32 times as much, an IPv6 /56 three
// times). Over it every answer is empty with TC set ("slip 1"): a genuine client comes back over TCP, so that
// a CA is never kept from validating; a flood is not made larger. Nobody is exempt by address: CAs keep
// theirs secret.
//
// Each bucket is one number, the instant at which it would be empty (GCRA), in a table of fixed size indexed
// by a seeded hash. Safe from any thread without locks: a lost update lets one answer too many through, no
// more.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace nameserver {

struct RateLimitOptions {
    std::uint32_t per_second = 50;  // answers to one address; 0: no limit
    std::uint32_t burst = 125;      // at once
};

class RateLimit {
public:
    explicit RateLimit(RateLimitOptions options);

    bool enabled() const { return options_.per_second > 0; }
    // Counts an answer to `client` at `now`; false: it is over its limit.
    bool admit(const boost::asio::ip::address& client, std::chrono::steady_clock::time_point now);

private:
    bool take(std::uint64_t network, unsigned kind, std::uint32_t multiple, std::int64_t now);

    const RateLimitOptions options_;
    const std::uint64_t seed_;
    std::unique_ptr<std::atomic<std::int64_t>[]> empty_at_;  // nanoseconds
};

}  // namespace nameserver
