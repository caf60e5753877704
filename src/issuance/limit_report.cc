#include "issuance/limit_report.h"

#include "issuance/account_limits.h"
#include "issuance/store_ledger.h"
#include "issuance/token_bucket.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

constexpr LimitKind shown[] = {
    LimitKind::new_orders,         LimitKind::registered_domain,    LimitKind::exact_set,
    LimitKind::failed_validations, LimitKind::consecutive_failures, LimitKind::registrations};

LimitUse use_of(const model::Bucket& bucket, base::Time now)
{
    LimitUse use;
    use.subject = bucket.subject;
    use.capacity = bucket.capacity;
    use.period = std::chrono::milliseconds(bucket.period_ms);
    use.remaining = std::max(bucket.level, 0.0);
    use.reserved = bucket.reserved;
    if (bucket.blocked_until && *bucket.blocked_until > now) {
        use.blocked_until = bucket.blocked_until;
    }
    use.next_free_at = now + wait_for(bucket, 0, now);
    return use;
}

bool is_full(const LimitUse& use)
{
    return use.remaining >= use.capacity && use.reserved == 0 && !use.blocked_until;
}

// The domain of a name is what is counted for it.
std::string subject_of(LimitKind kind, const std::string& name)
{
    const auto parsed = model::DomainName::parse(name);
    if (!parsed) {
        return name;
    }
    return kind == LimitKind::registered_domain && !parsed->registrable().empty() ? parsed->registrable()
                                                                                  : parsed->text();
}

// Buckets of all subjects; those of an account of its own have another owner than those of the CA.
base::Result<> add_subjects(store::Transaction& tx, const AccountLimits& limits, const std::string& name,
                            std::size_t most, base::Time now, LimitReport& report)
{
    const auto owner = limits.key(report.kind).owner;
    TRY(buckets, tx.budgets.scarcest(owner, std::string(to_string(report.kind)),
                                     subject_of(report.kind, name), most + 1));
    report.more = buckets.size() > most;
    for (const auto& each : buckets) {
        if (report.uses.size() == most) {
            break;
        }
        TRY(bucket, load_bucket(StoreLedger(tx), BucketKey(owner, report.kind, each.subject),
                                limits.of(report.kind, each.subject), now));
        auto use = use_of(bucket, now);
        if (!is_full(use)) {
            report.uses.push_back(std::move(use));
        }
    }
    return {};
}

base::Result<> add_single(store::Transaction& tx, const AccountLimits& limits, base::Time now,
                          LimitReport& report)
{
    TRY(bucket, load_bucket(StoreLedger(tx), limits.key(report.kind), report.limit, now));
    report.uses.push_back(use_of(bucket, now));
    return {};
}

base::Result<std::optional<LimitReport>> blocked(store::Transaction& tx, const std::string& account,
                                                 base::Time now)
{
    TRY(bucket, load_bucket(StoreLedger(tx), BucketKey(account, LimitKind::anything), std::nullopt, now));
    if (!bucket.blocked_until || *bucket.blocked_until <= now) {
        return std::optional<LimitReport>();
    }
    LimitReport report;
    report.kind = LimitKind::anything;
    report.uses.push_back(use_of(bucket, now));
    return std::optional(std::move(report));
}

base::Result<std::optional<LimitReport>> learned(store::Transaction& tx, const std::string& account,
                                                 base::Time now)
{
    TRY(bucket, load_learned(StoreLedger(tx), account, now));
    if (!bucket) {
        return std::optional<LimitReport>();
    }
    LimitReport report;
    report.kind = LimitKind::learned;
    report.limit = Limit{report.kind, bucket->capacity, std::chrono::milliseconds(bucket->period_ms)};
    report.uses.push_back(use_of(*bucket, now));
    return std::optional(std::move(report));
}

}  // namespace

base::Result<model::CaAccount> named_account(store::Transaction& tx, const std::string& id_or_name)
{
    TRY(accounts, tx.accounts.list());
    for (auto& each : accounts) {
        if (each.id == id_or_name || each.name == id_or_name) {
            return std::move(each);
        }
    }
    return base::fail(base::Error(base::Errc::not_found,
                                  fmt::format("there is no CA account '{}'", id_or_name.substr(0, 60)))
                          .with_code("ca_account_not_found")
                          .with_fix("certwright ca list shows them."));
}

base::Result<> set_override(store::Transaction& tx, const model::CaAccount& account, const Limit& limit,
                            const std::string& domain, base::Time now)
{
    model::LimitOverride made;
    made.account = account.id;
    made.limit = to_string(limit.kind);
    made.subject = domain;
    made.capacity = limit.capacity;
    made.period_ms = std::chrono::milliseconds(limit.period).count();
    made.created_at = now;
    return tx.budgets.put_override(made);
}

base::Result<std::vector<LimitReport>> report_limits(store::Transaction& tx, const model::CaAccount& account,
                                                     const std::string& name, std::size_t most,
                                                     base::Time now)
{
    TRY(limits, AccountLimits::load(StoreLedger(tx), account.id, account.directory_url));
    std::vector<LimitReport> reports;
    for (const auto kind : shown) {
        LimitReport report;
        report.kind = kind;
        report.limit = limits.of(kind);
        report.shared = is_shared(kind) && !limits.is_own(kind);
        report.overridden = limits.is_overridden(kind);
        if (!report.limit && !report.overridden) {
            continue;
        }
        CHECKED(has_subjects(kind) ? add_subjects(tx, limits, name, most, now, report)
                                   : add_single(tx, limits, now, report));
        reports.push_back(std::move(report));
    }
    for (auto* const each : {&blocked, &learned}) {
        TRY(found, (*each)(tx, account.id, now));
        if (found) {
            reports.push_back(std::move(*found));
        }
    }
    return reports;
}

}  // namespace issuance
