// Order: a durable job that turns a need for a certificate into a certificate (DESIGN 5.4).
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "model/endpoint.h"
#include "model/problem.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace model {

// The row says what has been *done*; it is written before each outside effect, so that any node can go on
// after a crash.
enum class OrderStatus {
    queued,
    preflight,
    reserved,
    ordered,
    answering,
    proving,
    finalizing,
    issued,
    deployed,
    failed
};

// Which work goes first (DESIGN 6). Lower is sooner.
enum class QueueClass { urgent = 1, renewal = 2, interactive = 3, bulk = 4 };

struct Order {
    std::string id;  // "ord_..."
    std::string tenant;
    std::string endpoint;  // id; empty for the platform's own certificate
    std::string account;   // CaAccount id
    QueueClass queue_class = QueueClass::interactive;
    std::vector<std::string> identifiers;  // DNS names (canonical, wildcards allowed) and IP addresses
    KeyType key_type = KeyType::ecdsa_p256;
    std::string profile;   // empty: the CA's default
    std::string replaces;  // certificate id that this one renews; empty for a first one
    OrderStatus status = OrderStatus::queued;
    std::optional<ChallengeType> challenge;  // chosen in preflight
    base::Bytes csr_der;                     // stored before finalize
    base::Bytes sealed_key;                  // empty: the CSR's key is elsewhere
    std::string order_url;
    std::string finalize_url;
    std::string certificate_url;
    std::string certificate;         // id of the result
    std::string reservation;         // what Budget::reserve gave, until it is settled
    int attempt = 0;                 // failed attempts so far
    Problem problem;                 // of the last failed attempt
    std::int64_t fence = 0;          // of the lease under which this copy was claimed; checked by every write
    bool forced = false;             // asked for by a person: no reissue cache, no back-off
    std::vector<std::string> tried;  // accounts (ids) that could not issue for this need
    base::Time next_action_at{};
    base::Time created_at{};
    base::Time updated_at{};
};

bool is_final(OrderStatus status);  // deployed or failed

std::string_view to_string(OrderStatus value);
base::Result<OrderStatus> order_status_from(std::string_view text);

}  // namespace model
