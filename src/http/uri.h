// Pieces of URIs (RFC 3986): percent-encoding and query strings.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace http {

// Everything but unreserved characters (RFC 3986 2.3) becomes %XX.
std::string percent_encode(std::string_view text);
// Errors: invalid when a '%' is not followed by two hexadecimal digits. '+' stays.
base::Result<std::string> percent_decode(std::string_view text);

// "a=1&b=x%20y" as name -> value, "+" as a space; a name without '=' has an empty value, the last of equal
// names wins, a broken %XX stays as it is.
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace http
