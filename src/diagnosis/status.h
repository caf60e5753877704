// The state of an endpoint, derived from what is stored about it (DESIGN 5.2).
#pragma once

#include "diagnosis/dns_check.h"
#include "model/certificate.h"
#include "model/endpoint.h"
#include "model/order.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace diagnosis {

// After this long without a way to prove an endpoint certwright stops trying; a daily look at DNS goes on.
inline constexpr std::chrono::days park_after{7};

struct StatusFacts {
    std::vector<model::Certificate> certificates;  // the endpoint's live ones
    std::optional<model::Order> order;             // the unfinished one
    // How long a name that moved away is still renewed; none: what was said of it stays.
    std::optional<std::chrono::hours> moved_notice;
};

// A name that had its certificate leads somewhere else now, or nowhere. One behind a foreign proxy has not
// moved: it may still come to us.
bool moved_away(const model::Endpoint& endpoint);

// A new status from the endpoint's own conditions (DNS) and `facts`. Pure. Keeps `since` while the state
// stays, and the states that people set (suspended, deleting).
model::EndpointStatus derive_status(const model::Endpoint& endpoint, const StatusFacts& facts,
                                    base::Time now);

// A certificate of the endpoint's own that is valid at `now` and covers all its names.
bool serves(const model::Certificate& certificate, const model::Endpoint& endpoint, base::Time now);

// Derives again and stores the result; appends the events of what changed, and a route revision when edges
// must know.
base::Result<> refresh_status(store::Transaction& tx, const std::string& endpoint, base::Time now);
// The same for one that was read in this transaction: `before` as it is stored, `after` with what is new.
// Returns the endpoint as it is stored now.
base::Result<model::Endpoint> refresh_status(store::Transaction& tx, const model::Endpoint& before,
                                             model::Endpoint after, base::Time now);

// The same with what a look at DNS has found. The findings are dropped when the endpoint's records are not
// the ones that were looked up. With `moved_notice` the renewals of a name that moved away longer ago stop,
// and go on when it is back. Returns the endpoint as it is stored now.
base::Result<model::Endpoint> record_findings(store::Transaction& tx, const std::string& endpoint,
                                              const DnsFindings& findings, base::Time now,
                                              std::optional<std::chrono::hours> moved_notice = std::nullopt);
// The same for one that was read in this transaction.
base::Result<model::Endpoint> record_findings(store::Transaction& tx, const model::Endpoint& before,
                                              const DnsFindings& findings, base::Time now,
                                              std::optional<std::chrono::hours> moved_notice = std::nullopt);

}  // namespace diagnosis
