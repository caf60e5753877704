// What the endpoints service needs from the folders that diagnose and issue. app joins them.
#pragma once

#include "base/task.h"
#include "model/certificate.h"
#include "model/order.h"
#include "store/store.h"

#include <optional>
#include <string>

namespace endpoints {

class Checks {
public:
    virtual ~Checks() = default;
    // Looks at the endpoint's DNS, delegation and CAA now and stores what it finds. Bounded by the
    // implementation.
    virtual base::Task<> check_now(std::string endpoint) = 0;
    // Recomputes state and conditions from what is stored; part of the caller's transaction.
    virtual base::Result<> refresh_status(store::Transaction& tx, const std::string& endpoint,
                                          base::Time now) = 0;
};

class Issuance {
public:
    virtual ~Issuance() = default;
    // Queues a forced order that replaces `replaced` (or gets a first certificate) and returns it. An
    // unfinished order for the same need is made due at once and returned instead. Part of the caller's
    // transaction.
    virtual base::Result<model::Order> enqueue(store::Transaction& tx, const model::Endpoint& endpoint,
                                               const std::optional<model::Certificate>& replaced,
                                               base::Time now) = 0;
    // Queues the first order of an endpoint, if it lacks one. Part of the caller's transaction.
    virtual base::Result<std::optional<model::Order>> enqueue_first(store::Transaction& tx,
                                                                    const model::Endpoint& endpoint,
                                                                    base::Time now) = 0;
    // Makes an unfinished order of the endpoint due at once; false when there is none. Part of the caller's
    // transaction.
    virtual base::Result<bool> hasten(store::Transaction& tx, const model::Endpoint& endpoint,
                                      base::Time now) = 0;
    // Asks for the revocation of a certificate that a CA gave us: with this transaction it is `revoked` and
    // no longer served (do not store `certificate` afterwards), and a durable job tells the CA. `reason` as
    // in RFC 5280 5.3.1. A revoked one again changes nothing. Errors: certificate_not_ours,
    // certificate_expired. Part of the caller's transaction; call wake() after it.
    virtual base::Result<> request_revocation(store::Transaction& tx, const model::Certificate& certificate,
                                              int reason, base::Time now) = 0;
    // Orders the successor of a revoked certificate before everything else; none when nobody wants one any
    // more. Without this call the endpoint gets no new certificate until somebody asks for one.
    virtual base::Result<std::optional<model::Order>> replace_revoked(store::Transaction& tx,
                                                                      const model::Certificate& certificate,
                                                                      base::Time now) = 0;
    // After the commit: work may be due.
    virtual void wake() = 0;
};

}  // namespace endpoints
