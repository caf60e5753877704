// CaLimits: rate limits as Let's Encrypt counts them. Our server refuses by it, and simulations of issuance
// are judged by it. It shares no code and no arithmetic with issuance/budget, so that one mistake cannot hide
// in both.
//
// In a simulation, with virtual time and without HTTP:
//
//     relay::CaLimits ca(relay::CaNumbers::production());
//     relay::LimitedOrder order{account_url, identifiers, /*ari=*/false};
//     if (auto refusal = ca.new_order(order, now)) { ... }       // when newOrder is sent; a refusal is a 429
//     ca.validation_failed(account_url, identifier, now);        // or validation_succeeded(...)
//     ca.issued(order, now);                                     // when the certificate comes into being
//     EXPECT_TRUE(ca.violations().empty());                      // at the end
//
// What is charged when (Boulder, ratelimits/transaction.go): newOrder spends New Orders per Account and only
// looks at the others; issuing spends Registered Domain and Exact Set; a failed validation spends Failures.
// So orders in flight together may overshoot: that is a violation too, though the CA lets it pass.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace relay {

enum class CaLimit {
    registrations_per_address,
    registrations_per_range,
    new_orders,         // per account
    failures,           // failed validations per account and identifier
    registered_domain,  // certificates, whoever orders them
    exact_set,          // certificates, whoever orders them
    paused,             // failures without a success between them; ends only by unpause()
    requests,           // per client address and kind of request
};
std::string_view to_string(CaLimit limit);

// What the load balancer tells apart.
enum class RequestKind { directory, new_nonce, new_account, new_order, revoke, renewal_info, other };

// `capacity` at once, and one more each `refill`. A capacity of 0: no such limit.
struct LimitNumbers {
    std::int64_t capacity = 0;
    std::chrono::microseconds refill{0};

    static LimitNumbers in(std::int64_t count, std::chrono::microseconds period)
    {
        return {count, period / count};
    }
};

struct CaNumbers {
    std::map<CaLimit, LimitNumbers> limits;
    std::map<RequestKind, LimitNumbers> requests;

    static CaNumbers production();  // as published in August 2026
    static CaNumbers staging();
    static CaNumbers unlimited() { return {}; }
};

// What the CA says to who ran into a limit; `what` is the domain or identifier.
std::string refusal_text(CaLimit limit, LimitNumbers numbers, const std::string& what, base::Time until);

struct LimitedOrder {
    std::string account;
    std::vector<std::string> identifiers;  // canonical DNS names, "*." included, and addresses
    // `replaces` names a certificate of this account that shares an identifier and was not replaced yet, and
    // now is inside its suggested window: exempt from every limit but pausing.
    bool ari = false;
};

struct Refusal {
    CaLimit limit = CaLimit::new_orders;
    std::string detail;  // the CA's text, with its anchor in the documentation
    // How long the CA asks to wait; none when paused: a person must act.
    std::optional<std::chrono::seconds> retry_after;
    std::vector<std::string> identifiers;  // the paused ones
};

struct Violation {
    CaLimit limit = CaLimit::new_orders;
    std::string key;  // account, domain, set or address
    base::Time when{};
    bool refused = true;  // false: more was issued, or failed, than the limit allows
};

// Runs on one executor: no locks. `now` never goes back.
class CaLimits {
public:
    explicit CaLimits(CaNumbers numbers);

    // From this client address. newAccount that finds an account is not counted.
    std::optional<Refusal> register_account(const std::string& address, base::Time now);
    std::optional<Refusal> request(const std::string& address, RequestKind kind, base::Time now);

    // Of several limits the one that is whole again last is named.
    std::optional<Refusal> new_order(const LimitedOrder& order, base::Time now);
    // The CA counted it and then could not make the order.
    void refund_order(const LimitedOrder& order, base::Time now);
    void validation_failed(const std::string& account, const std::string& identifier, base::Time now);
    void validation_succeeded(const std::string& account, const std::string& identifier);
    // An ARI renewal is counted like others but never held against anybody.
    void issued(const LimitedOrder& order, base::Time now);

    // As if it had failed for ever.
    void pause(const std::string& account, const std::string& identifier, base::Time now);
    // What a person does by a click. Returns how many identifiers go on.
    std::size_t unpause(const std::string& account);
    // What the CA grants on request.
    void override_orders(const std::string& account, LimitNumbers numbers);
    void override_domain(const std::string& domain, LimitNumbers numbers);
    void override_domains_of(const std::string& account, LimitNumbers numbers);

    // The first thousand; `violation_count` counts on.
    const std::vector<Violation>& violations() const { return violations_; }
    std::size_t violation_count() const { return violation_count_; }
    // The same set of identifiers was issued in the last 120 days: exempt from new orders and registered
    // domains.
    bool is_renewal(const std::vector<std::string>& identifiers, base::Time now) const;

private:
    // One limit for one key, by the time at which it would be whole again (GCRA).
    using Buckets = std::unordered_map<std::string, std::int64_t>;
    struct Use {
        CaLimit limit = CaLimit::new_orders;
        std::string key;
        LimitNumbers numbers;
        std::string what;  // for the text
    };
    struct Answer {
        bool allowed = true;
        std::int64_t wait = 0;   // microseconds until one is free
        std::int64_t whole = 0;  // microseconds until all are
    };

    LimitNumbers numbers_of(CaLimit limit) const;
    Use use(CaLimit limit, std::string key, std::string what) const;
    std::vector<Use> domain_uses(const LimitedOrder& order) const;
    std::vector<Use> order_checks(const LimitedOrder& order, base::Time now) const;
    Answer look(const Use& use, base::Time now) const;
    // Takes one when there is one.
    bool spend(const Use& use, base::Time now);
    std::optional<Refusal> refuse_paused(const LimitedOrder& order, base::Time now);
    std::optional<Refusal> refuse(const std::vector<Use>& uses, base::Time now);
    void violate(CaLimit limit, std::string key, base::Time now, bool refused);
    void forget_old(base::Time now);

    CaNumbers numbers_;
    std::map<CaLimit, Buckets> buckets_;
    std::unordered_map<std::string, base::Time> sets_;  // when it was issued last
    std::unordered_map<std::string, LimitNumbers> order_overrides_;
    std::unordered_map<std::string, LimitNumbers> domain_overrides_;
    std::unordered_map<std::string, LimitNumbers> domain_overrides_by_account_;
    std::unordered_map<std::string, std::map<std::string, base::Time>> paused_;  // by account
    std::vector<Violation> violations_;
    std::size_t violation_count_ = 0;
    std::size_t spent_ = 0;
};

}  // namespace relay
