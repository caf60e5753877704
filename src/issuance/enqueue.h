// Putting orders into the queue: inside the transaction of whoever sees the need, and never twice for one
// need.
#pragma once

#include "diagnosis/watch.h"
#include "model/certificate.h"
#include "model/order.h"
#include "store/store.h"

#include <functional>
#include <optional>
#include <string>

namespace issuance {

// What `endpoint` lacks: the first of its key types without a certificate of its own that is valid, covers
// all names and is not yet due for renewal. Transitional certificates do not count. None: nothing is lacking.
std::optional<model::KeyType> missing_key_type(const model::Endpoint& endpoint,
                                               const std::vector<model::Certificate>& live, base::Time now);

// Orders what the endpoint lacks, with the default account. An unfinished order for that is returned instead;
// one that waits because of the endpoint's DNS becomes due. None: nothing is lacking.
base::Result<std::optional<model::Order>> enqueue_endpoint(store::Transaction& tx,
                                                           const model::Endpoint& endpoint,
                                                           model::QueueClass queue_class, base::Time now);

// A person asks: a successor of `replaced`, or a first certificate, whether it is lacking or not. An
// unfinished order for the same need becomes due at once and is returned instead.
base::Result<model::Order> enqueue_forced(store::Transaction& tx, const model::Endpoint& endpoint,
                                          const std::optional<model::Certificate>& replaced, base::Time now);

// The successor of `certificate`; empty when nobody wants one any more, and then the certificate is not
// looked at again.
base::Result<std::optional<model::Order>> enqueue_renewal(store::Transaction& tx,
                                                          const model::Certificate& certificate,
                                                          base::Time now);

// The platform's own certificate (its domain and the wildcard below) when there is none that is valid.
base::Result<std::optional<model::Order>> enqueue_platform(store::Transaction& tx,
                                                           const model::Platform& platform, base::Time now);

// Makes the endpoint's waiting order due; false when there is none.
base::Result<bool> hasten(store::Transaction& tx, const std::string& endpoint, base::Time now);

// The watch's port into this folder. Runs on one executor: no locks.
class Needs final : public diagnosis::NeedsCertificate {
public:
    // Whom to wake; set once, before the watch runs.
    void on_wake(std::function<void()> listener) { listener_ = std::move(listener); }

    base::Result<bool> needs_certificate(store::Transaction& tx, const model::Endpoint& endpoint,
                                         base::Time now) override;
    void wake() override;

private:
    std::function<void()> listener_;
};

}  // namespace issuance
