// A connection of HTTP/1: the requests in it are the same however the octets arrive.
#include "http_served.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto at_once = fuzz::requests_seen(http::serve_http1, text, 1 << 20);
    const auto in_pieces = fuzz::requests_seen(http::serve_http1, text, 1 + size % 7);
    if (at_once != in_pieces) {
        std::abort();
    }
    return 0;
}
