// Token buckets as CAs count with them (GCRA): what a bucket holds now, and when it has enough.
#pragma once

#include "issuance/ledger.h"
#include "issuance/limits.h"

#include <optional>

namespace issuance {

// The bucket as it is now, full when it was never used. New numbers of a limit apply at once; without a limit
// the stored ones hold. What is reserved of a limit that the CA counts only later does not refill.
base::Result<model::Bucket> load_bucket(const Ledger& ledger, const BucketKey& key,
                                        const std::optional<Limit>& limit, base::Time now);

// Brings the level up to `now`. What other parts count by buckets of their own uses it too.
void refill(model::Bucket& bucket, base::Time now);

// How long until one can be taken with `floor` left over. Zero: now.
std::chrono::milliseconds wait_for(const model::Bucket& bucket, double floor, base::Time now);

// Corrects the bucket by what the CA said: nothing before `until`, and one then.
void hold_until(model::Bucket& bucket, base::Time until, base::Time now);

void take(model::Bucket& bucket);
void give_back(model::Bucket& bucket);  // as if it had never been taken
void spend(model::Bucket& bucket);      // what was taken is spent now

// The pace that a CA without published numbers has shown it stands: any until it complains, then few orders a
// second, half as many after each further complaint, and a quarter more after each quiet hour until no limit
// is needed. Its bucket is kept under LimitKind::learned; none: no limit.
base::Result<std::optional<model::Bucket>> load_learned(const Ledger& ledger, const std::string& account,
                                                        base::Time now);
// The CA complained and wants `wait` of silence.
base::Result<> learn(Ledger& ledger, const std::string& account, std::chrono::milliseconds wait,
                     base::Time now);

}  // namespace issuance
