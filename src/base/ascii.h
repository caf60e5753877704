// The case of ASCII letters, whatever the locale: names in DNS (RFC 4343), URLs and HTTP compare without it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace base {

constexpr char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string to_lower(std::string_view text)
{
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), [](char c) { return to_lower(c); });
    return lowered;
}

}  // namespace base
