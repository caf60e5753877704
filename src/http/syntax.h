// Character classes and small grammar of HTTP fields (RFC 9110 5.5, 5.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace http {

bool is_token(std::string_view text);        // at least one tchar
bool is_field_value(std::string_view text);  // no control characters but HTAB
bool is_target(std::string_view text);       // visible ASCII, no '#'
// A host with an optional port: name, IPv4, or [IPv6].
bool is_authority(std::string_view text);
// Doing it twice is as doing it once (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method);
std::string_view trim(std::string_view text);                        // spaces and tabs at both ends
std::optional<std::uint64_t> parse_length(std::string_view digits);  // 1 to 18 digits, nothing else
// Whether the comma-separated list has this element, without case.
bool list_has(std::string_view list, std::string_view element);

}  // namespace http
