// The book of alerts: opens, keeps and resolves the records of a subject as findings come and go. Stateless;
// safe from the store's thread only.
#pragma once

#include "alerts/options.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace alerts {

struct Subject {
    std::string id;      // endpoint id, "platform", CA account id, edge id or zone
    std::string tenant;  // empty: the platform's
    std::string name;
};

// Why the book is written: what happened counts, a look at the clock does not.
enum class Cause { event, look };

// Makes the open alerts of `subject` those of `findings`. What another tenant was told of it before it was
// handed over is over.
base::Result<> settle(store::Transaction& tx, const Options& options, const Subject& subject,
                      const std::vector<Finding>& findings, Cause cause, base::Time now);

// Opens or keeps one, and leaves the others of the subject alone.
base::Result<> open(store::Transaction& tx, const Options& options, const Subject& subject,
                    const Finding& finding, Cause cause, base::Time now);
// Resolves those of these rules.
base::Result<> resolve(store::Transaction& tx, const Options& options, const std::string& subject,
                       const std::vector<std::string>& rules, base::Time now);

}  // namespace alerts
