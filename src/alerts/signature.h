// Signatures of webhooks, as the Standard Webhooks specification has them, so that its libraries verify ours:
// webhook-signature is "v1," and the base64 of HMAC-SHA-256 over "<webhook-id>.<webhook-timestamp>.<body>".
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <string>
#include <string_view>

namespace alerts {

// A new secret, as people copy it: "whsec_" and 32 random bytes in base64.
std::string new_webhook_secret();

// `timestamp`: seconds since 1970 as text. Fails when the secret is not one of ours.
base::Result<std::string> webhook_signature(std::string_view secret, std::string_view id,
                                            std::string_view timestamp, std::string_view body);

}  // namespace alerts
