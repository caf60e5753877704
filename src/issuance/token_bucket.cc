#include "issuance/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace issuance {

namespace {

using std::chrono::milliseconds;

// No CA makes us wait longer (acme::retry_after); only a wrong clock can have written more.
constexpr std::chrono::days longest_block{31};
// Floating point may miss a whole token by this.
constexpr double hair = 1e-6;

constexpr int learned_burst = 5;
constexpr milliseconds first_interval{1'000};
constexpr milliseconds least_interval{100};  // faster than this needs no limit
constexpr milliseconds most_interval{600'000};
constexpr double growth = 0.8;  // of the interval, with each quiet hour

// What the CA counts only later does not refill before.
double most_of(const model::Bucket& bucket)
{
    if (is_counted_at_once(bucket.limit)) {
        return bucket.capacity;
    }
    return std::max(bucket.capacity - static_cast<double>(bucket.reserved), 0.0);
}

double refilled(const model::Bucket& bucket, base::Time now)
{
    // From a clock that was far ahead: how much time has really passed cannot be known, and the CA still
    // counts.
    if (bucket.updated_at > now + milliseconds(bucket.period_ms)) {
        return most_of(bucket);
    }
    const auto elapsed = std::max<std::int64_t>((now - bucket.updated_at).count(), 0);
    const double gained = bucket.period_ms == 0 ? 0
                                                : static_cast<double>(elapsed) * bucket.capacity /
                                                      static_cast<double>(bucket.period_ms);
    return std::max(bucket.level, std::min(most_of(bucket), bucket.level + gained));
}

}  // namespace

void refill(model::Bucket& bucket, base::Time now)
{
    bucket.level = refilled(bucket, now);
    // A clock that goes back and forth must not fill it twice.
    if (bucket.updated_at <= now + milliseconds(bucket.period_ms)) {
        bucket.updated_at = std::max(bucket.updated_at, now);
    } else {
        bucket.updated_at = now;
    }
    if (bucket.blocked_until && *bucket.blocked_until > now + longest_block) {
        bucket.blocked_until.reset();
    }
}

base::Result<model::Bucket> load_bucket(const Ledger& ledger, const BucketKey& key,
                                        const std::optional<Limit>& limit, base::Time now)
{
    TRY(stored, ledger.bucket(key.text()));
    model::Bucket bucket;
    if (stored) {
        bucket = *stored;
        if (limit) {
            bucket.period_ms = milliseconds(limit->period).count();
            bucket.capacity = limit->capacity;
        }
        refill(bucket, now);
    } else {
        bucket.key = key.text();
        bucket.capacity = limit ? limit->capacity : 0;
        bucket.period_ms = limit ? milliseconds(limit->period).count() : 0;
        bucket.level = bucket.capacity;
        bucket.updated_at = now;
    }
    bucket.owner = key.owner;
    bucket.limit = to_string(key.kind);
    bucket.subject = key.subject;
    bucket.level = std::min(bucket.level, bucket.capacity);
    return bucket;
}

milliseconds wait_for(const model::Bucket& bucket, double floor, base::Time now)
{
    milliseconds wait{0};
    if (bucket.blocked_until && *bucket.blocked_until > now) {
        wait = *bucket.blocked_until - now;
    }
    const double missing = 1 + floor - bucket.level;
    if (bucket.capacity > 0 && missing > hair) {
        const double refill = missing * static_cast<double>(bucket.period_ms) / bucket.capacity;
        wait = std::max(wait, milliseconds(static_cast<std::int64_t>(std::ceil(refill))));
    }
    return wait;
}

void hold_until(model::Bucket& bucket, base::Time until, base::Time now)
{
    bucket.blocked_until = std::max(bucket.blocked_until.value_or(until), until);
    if (bucket.period_ms > 0) {
        const auto wait = static_cast<double>((until - now).count());
        const double then = 1 - wait * bucket.capacity / static_cast<double>(bucket.period_ms);
        bucket.level = std::min(bucket.level, then);
    }
}

void take(model::Bucket& bucket)
{
    bucket.level -= 1;
    bucket.reserved += 1;
}

void give_back(model::Bucket& bucket)
{
    bucket.reserved = std::max<std::int64_t>(bucket.reserved - 1, 0);
    bucket.level = std::min(bucket.level + 1, std::max(most_of(bucket), bucket.level));
}

void spend(model::Bucket& bucket)
{
    bucket.reserved = std::max<std::int64_t>(bucket.reserved - 1, 0);
}

base::Result<std::optional<model::Bucket>> load_learned(const Ledger& ledger, const std::string& account,
                                                        base::Time now)
{
    const BucketKey key(account, LimitKind::learned);
    TRY(stored, ledger.bucket(key.text()));
    if (!stored || !stored->blocked_until) {
        return std::optional<model::Bucket>();
    }
    refill(*stored, now);
    if (!stored->blocked_until) {
        return std::optional<model::Bucket>();
    }
    // Quiet hours are cashed in: the next ones count from there.
    auto& since = *stored->blocked_until;
    while (now - since >= std::chrono::hours(1)) {
        since += std::chrono::hours(1);
        stored->period_ms = static_cast<std::int64_t>(static_cast<double>(stored->period_ms) * growth);
        if (stored->period_ms < learned_burst * least_interval.count()) {
            return std::optional<model::Bucket>();
        }
    }
    return std::move(stored);
}

base::Result<> learn(Ledger& ledger, const std::string& account, milliseconds wait, base::Time now)
{
    TRY(before, load_learned(ledger, account, now));
    auto period = learned_burst * first_interval;
    // What was under way when it complained belongs to the same complaint.
    if (before && *before->blocked_until > now) {
        period = milliseconds(before->period_ms);
    } else if (before) {
        period = std::min(milliseconds(2 * before->period_ms), learned_burst * most_interval);
    }
    const BucketKey key(account, LimitKind::learned);
    model::Bucket bucket = before.value_or(model::Bucket());
    bucket.key = key.text();
    bucket.owner = account;
    bucket.limit = to_string(key.kind);
    bucket.capacity = learned_burst;
    bucket.period_ms = period.count();
    bucket.level = std::min(bucket.level, 1.0);
    bucket.updated_at = now;
    hold_until(bucket, now + wait, now);
    return ledger.put(bucket);
}

}  // namespace issuance
