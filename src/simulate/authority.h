// Authority: the CA of a simulation. It counts by relay::CaLimits, which shares no code with our ledger, is
// out of order at times, and wants certificates renewed in windows as Let's Encrypt computes them.
#pragma once

#include "base/result.h"
#include "relay/ca_limits.h"
#include "simulate/fleet.h"

namespace simulate {

struct Window {
    base::Time start{};
    base::Time end{};
};

// Runs on one thread; `now` never goes back.
class Authority {
public:
    static constexpr const char* account = "fleet";

    explicit Authority(const Fleet& fleet);

    // Until when the CA does not answer; none: it works.
    std::optional<base::Time> out_of_order(base::Time now) const;
    // newOrder. Errors: rate_limited, as acme::Client reports a 429 of this CA.
    base::Result<> order(const relay::LimitedOrder& order, base::Time now);
    // The certificate comes into being.
    void issue(const relay::LimitedOrder& order, base::Time now);
    // Somebody whom we do not see gets one for `name`.
    void issue_to_stranger(const std::string& name, base::Time now);

    // The window of a certificate of the whole `lifetime` that ends at `not_after` (ca-facts 2.4).
    Window window(base::Time not_after) const;

    // Limits that our orders and certificates violated, by the CA's count; of the list the first ones.
    std::size_t violation_count() const { return violation_count_; }
    const std::vector<relay::Violation>& violations() const { return violations_; }
    // Orders that were refused, or went beyond a limit, where strangers spend from it too.
    std::size_t crossed_by_strangers() const { return crossed_by_strangers_; }

private:
    void note_violations();

    Fleet fleet_;
    relay::CaLimits limits_;
    std::size_t counted_ = 0;  // of the violations that `limits_` counts
    std::size_t violation_count_ = 0;
    std::size_t crossed_by_strangers_ = 0;
    std::vector<relay::Violation> violations_;
};

}  // namespace simulate
