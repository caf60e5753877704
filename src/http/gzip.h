// gzip (RFC 1952) of answers that are worth it.
#pragma once

#include <string>
#include <string_view>

namespace http {

// Fast rather than small. Blocks for about 10 ms per megabyte.
std::string gzip(std::string_view text);

// Whether a request's Accept-Encoding takes it (RFC 9110 12.5.3): named, and not with weight 0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace http
