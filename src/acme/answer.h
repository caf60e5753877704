// What HTTP adds to ACME resources: waiting times, links, failures.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace acme {

// RFC 9110 10.2.3: seconds, or an HTTP date in any of its three forms. Never negative, at most 30 days; none
// when the field is absent or neither.
std::optional<std::chrono::seconds> retry_after(const http::Headers& headers, base::Time now);

// The targets of Link fields with that relation (RFC 8288), in their order.
std::vector<std::string> links(const http::Headers& headers, std::string_view relation);

// The failure that an answer of 400 or more tells, as acme/client.h describes it. The body may be anything.
base::Error to_error(const http::ClientResponse& answer, base::Time now);

// True for the answer whose request should be signed again with another nonce (RFC 8555 6.5).
bool is_bad_nonce(const http::ClientResponse& answer);

}  // namespace acme
