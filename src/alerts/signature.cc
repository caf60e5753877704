#include "alerts/signature.h"

#include "base/random.h"
#include "crypto/digest.h"

#include <fmt/format.h>

namespace alerts {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t secret_bytes = 32;

}  // namespace

std::string new_webhook_secret()
{
    return std::string(prefix) + base::to_base64(base::random_bytes(secret_bytes));
}

base::Result<std::string> webhook_signature(std::string_view secret, std::string_view id,
                                            std::string_view timestamp, std::string_view body)
{
    if (!secret.starts_with(prefix)) {
        return base::fail(base::Errc::internal, "the secret of a webhook is not one of ours");
    }
    TRY(key, base::from_base64(secret.substr(prefix.size())));
    const auto signed_text = fmt::format("{}.{}.{}", id, timestamp, body);
    return "v1," + base::to_base64(crypto::hmac_sha256(key, base::as_bytes(signed_text)));
}

}  // namespace alerts
