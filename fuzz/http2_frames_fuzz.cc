// Frames of HTTP/2 after the client's preface: nothing crashes, stays behind, or reaches the handler
// malformed.
#include "http_served.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::string_view hello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
    std::string input(hello);
    input.append(reinterpret_cast<const char*>(data), size);
    static_cast<void>(fuzz::requests_seen(http::serve_http2, input, 1 << 20));
    static_cast<void>(fuzz::requests_seen(http::serve_http2, input, 1 + size % 61));
    return 0;
}
