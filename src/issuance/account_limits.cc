#include "issuance/account_limits.h"

#include <algorithm>

namespace issuance {

base::Result<AccountLimits> AccountLimits::load(const Ledger& ledger, std::string account,
                                                std::string directory_url)
{
    AccountLimits limits;
    TRY(overrides, ledger.overrides(account));
    limits.account_ = std::move(account);
    limits.ca_ = ca_of(directory_url);
    limits.directory_url_ = std::move(directory_url);
    limits.overrides_ = std::move(overrides);
    return limits;
}

const model::LimitOverride* AccountLimits::find(LimitKind kind, const std::string& subject) const
{
    const auto found = std::ranges::find_if(overrides_, [&](const model::LimitOverride& each) {
        return each.limit == to_string(kind) && each.subject == subject;
    });
    return found == overrides_.end() ? nullptr : &*found;
}

std::optional<Limit> AccountLimits::of(LimitKind kind, const std::string& subject) const
{
    const auto* own = subject.empty() ? nullptr : find(kind, subject);
    if (own == nullptr) {
        own = find(kind, "");
    }
    if (own != nullptr) {
        return Limit{kind, own->capacity, std::chrono::milliseconds(own->period_ms)};
    }
    const auto& published = limits_of(directory_url_);
    const auto found = std::ranges::find(published, kind, &Limit::kind);
    return found == published.end() ? std::nullopt : std::optional(*found);
}

bool AccountLimits::is_own(LimitKind kind, const std::string& subject) const
{
    return is_shared(kind) && (subject.empty() || find(kind, subject) == nullptr) &&
           find(kind, "") != nullptr;
}

bool AccountLimits::is_overridden(LimitKind kind) const
{
    return std::ranges::any_of(
        overrides_, [&](const model::LimitOverride& each) { return each.limit == to_string(kind); });
}

BucketKey AccountLimits::key(LimitKind kind, const std::string& subject) const
{
    const bool of_the_ca = is_shared(kind) && !is_own(kind, subject);
    return BucketKey(of_the_ca ? ca_ : account_, kind, subject);
}

}  // namespace issuance
