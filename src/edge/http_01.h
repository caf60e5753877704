// HTTP-01 answers without state (RFC 8555 8.3): a key authorization is the token and an account key's
// thumbprint. Pure functions; the central responder uses them too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge {

inline constexpr std::string_view challenge_prefix = "/.well-known/acme-challenge/";

bool is_challenge_path(std::string_view path);
// The token of a challenge path: 1 to 128 base64url characters, nothing more. Empty for anything else.
std::optional<std::string> challenge_token(std::string_view path);
std::string key_authorization(std::string_view token, std::string_view thumbprint);

}  // namespace edge
