#include "edge/http_01.h"

#include <fmt/format.h>

#include <algorithm>

namespace edge {

namespace {

constexpr std::size_t longest_token = 128;

bool is_base64url(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool is_challenge_path(std::string_view path)
{
    return path.starts_with(challenge_prefix);
}

std::optional<std::string> challenge_token(std::string_view path)
{
    if (!is_challenge_path(path)) {
        return std::nullopt;
    }
    const auto token = path.substr(challenge_prefix.size());
    if (token.empty() || token.size() > longest_token || !std::ranges::all_of(token, is_base64url)) {
        return std::nullopt;
    }
    return std::string(token);
}

std::string key_authorization(std::string_view token, std::string_view thumbprint)
{
    return fmt::format("{}.{}", token, thumbprint);
}

}  // namespace edge
