// The PROXY protocol: what is read is the same however much follows, and nothing less of it is read as whole.
#include "net/proxy_protocol.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto header = net::parse_proxy_header(text);
    if (!header || !*header) {
        return 0;
    }
    const auto end = (*header)->size;
    if (end == 0 || end > size) {
        std::abort();
    }
    const auto alone = net::parse_proxy_header(text.substr(0, end));
    const auto less = net::parse_proxy_header(text.substr(0, end - 1));
    const bool same = alone && *alone && (*alone)->size == end && (*alone)->client == (*header)->client;
    if (!same || (less && *less)) {
        std::abort();
    }
    return 0;
}
