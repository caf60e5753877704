// What a CA's refusal teaches the ledger.
#include "issuance/account_limits.h"
#include "issuance/budget.h"
#include "issuance/ca_problem.h"
#include "issuance/token_bucket.h"

namespace issuance {

namespace {

// When the CA does not say how long.
constexpr std::chrono::seconds usual_wait{60};

struct Refusal {
    Ledger& ledger;
    const AccountLimits& limits;
    base::Time until;
    base::Time now;
};

base::Result<> hold(const Refusal& refusal, LimitKind kind, const std::string& subject)
{
    const auto key = refusal.limits.key(kind, subject);
    TRY(bucket, load_bucket(refusal.ledger, key, refusal.limits.of(kind, subject), refusal.now));
    hold_until(bucket, refusal.until, refusal.now);
    return refusal.ledger.put(bucket);
}

bool names(const std::string& text, const std::string& subject)
{
    return text.contains("\"" + subject + "\"");
}

// The text names one of several domains or names; if it names none, all of them wait.
base::Result<> hold_named(const Refusal& refusal, LimitKind kind, const std::vector<std::string>& subjects,
                          const std::string& text)
{
    bool named = false;
    for (const auto& each : subjects) {
        if (names(text, each)) {
            CHECKED(hold(refusal, kind, each));
            named = true;
        }
    }
    if (!named) {
        for (const auto& each : subjects) {
            CHECKED(hold(refusal, kind, each));
        }
    }
    return {};
}

}  // namespace

// The type is the same for every limit; only the anchor of the documentation's address tells which it was
// (ca-facts 1.4).
base::Result<> Budget::block(Ledger& ledger, const BudgetRequest& request, const base::Error& error,
                             base::Time now)
{
    // Names that a person must unpause hold up nobody else.
    if (is_paused(error)) {
        return {};
    }
    const auto wait = error.retry_after().value_or(usual_wait);
    TRY(limits, AccountLimits::load(ledger, request.account, request.directory_url));
    const Refusal refusal{ledger, limits, now + wait, now};
    const auto& text = error.message();
    if (text.contains("#new-orders-per-account")) {
        return hold(refusal, LimitKind::new_orders, "");
    }
    if (text.contains("#new-registrations-per-")) {
        return hold(refusal, LimitKind::registrations, "");
    }
    if (text.contains("#new-certificates-per-exact-set")) {
        return hold(refusal, LimitKind::exact_set, set_subject(request.identifiers));
    }
    if (text.contains("#new-certificates-per-registered-domain")) {
        return hold_named(refusal, LimitKind::registered_domain, registered_domains(request.identifiers),
                          text);
    }
    if (text.contains("authorization-failures-per-")) {
        return hold_named(refusal, LimitKind::failed_validations, request.identifiers, text);
    }
    if (limits.is_unknown_ca()) {
        CHECKED(learn(ledger, request.account, wait, now));
    }
    return hold(refusal, LimitKind::anything, "");
}

}  // namespace issuance
