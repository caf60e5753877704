#include "acme/resources.h"

#include "crypto/digest.h"

#include <algorithm>

namespace acme {

const Challenge* Authorization::find(const std::string& type) const
{
    const auto found = std::ranges::find(challenges, type, &Challenge::type);
    return found == challenges.end() ? nullptr : &*found;
}

std::string key_authorization(const std::string& token, const std::string& thumbprint)
{
    return token + "." + thumbprint;
}

std::string dns_01_value(const std::string& key_authorization)
{
    return base::to_base64url(crypto::sha256(base::as_bytes(key_authorization)));
}

}  // namespace acme
