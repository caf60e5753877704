// Pacer: how often a CA lets one address ask it (ca-facts 1.3). In memory: these limits are about seconds.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace acme {

// Load balancers count these apart. Order, authorization, challenge and certificate URLs are all `resource`.
enum class RequestKind { directory, new_nonce, new_account, new_order, revoke_cert, renewal_info, resource };

// One for all sessions with a CA, since they come from one address. A CA whose numbers are not published is
// asked as fast as there is work until it answers 503; then slower, and faster again with each answer.
// Runs on one executor: no locks.
class Pacer {
public:
    explicit Pacer(std::string_view directory_url);

    // Takes the next slot and returns how long it is until then. unavailable (code acme:serverBusy, with the
    // time) when that is so long that the caller should do something else; nothing is taken then.
    base::Result<std::chrono::milliseconds> take(RequestKind kind, base::Time now);
    // The CA answered: 503 with its Retry-After, if it had one, or anything else.
    void overloaded(RequestKind kind, std::optional<std::chrono::seconds> wait, base::Time now);
    void answered(RequestKind kind);

private:
    using Microseconds = std::chrono::microseconds;

    // A token bucket in its other form (GCRA): the time at which it is full again.
    struct Lane {
        Microseconds interval{0};  // zero: no limit
        Microseconds burst{0};     // how far the time may run ahead
        Microseconds usual{0};     // the published interval
        std::chrono::sys_time<Microseconds> full{};
        base::Time held_until{};
    };

    Lane& lane(RequestKind kind) { return lanes_[static_cast<std::size_t>(kind)]; }

    std::array<Lane, 7> lanes_;
};

}  // namespace acme
