// The answer to one question, from the octets that came to the octets that go: a list of steps with one
// signature.
//
// Sources: RFC 1035; RFC 2308 (negative answers), RFC 4592 (wildcards), RFC 6891 (EDNS), RFC 8020 (empty
// non-terminals), RFC 8482 (ANY), RFC 8906 (what unknown things are answered with), RFC 5001 (NSID), RFC 7873
// (cookies), RFC 8914 (extended errors). No allocation, no locks.
#pragma once

#include "base/clock.h"
#include "dns/wire.h"
#include "nameserver/manners.h"
#include "nameserver/zone_data.h"

#include <span>

namespace nameserver {

inline constexpr std::size_t largest_udp = 1'232;  // never fragmented in practice (DNS flag day 2020)
inline constexpr std::size_t smallest_udp = 512;

// How a question ended, for the counters.
enum class Outcome { dropped, answered, nodata, nxdomain, refused, malformed, unsupported };

struct Reply {
    std::size_t size = 0;  // 0: say nothing
    Outcome outcome = Outcome::dropped;
    bool truncated = false;
};

// Writes the reply to `query` into `reply`, which must hold 1,232 octets for UDP and 65,535 for TCP.
Reply answer(const ZoneData& data, const base::Clock& clock, base::ByteView query, const Asker& asker,
             std::span<std::uint8_t> reply);

// Whether the question shows a cookie that we gave to that address: it is not forged.
bool shows_good_cookie(const ZoneData& data, const base::Clock& clock, base::ByteView query,
                       const Asker& asker);

// The empty reply with TC set that tells a client over its rate limit to come back over TCP.
Reply answer_truncated(base::ByteView query, std::span<std::uint8_t> reply);

}  // namespace nameserver
