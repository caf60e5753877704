// HTTP/1 heads: nothing crashes, and what a request head parses to holds no line breaks.
#include "http/http1_head.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void check_request(std::string_view head)
{
    const auto request = http::parse_request(head, http::HeadLimits());
    if (!request) {
        return;
    }
    const auto broken = [](std::string_view text) {
        return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
    };
    bool bad =
        broken(request->head.target) || broken(request->head.authority) || request->head.target.empty();
    for (const auto& [name, value] : request->head.headers.fields()) {
        bad = bad || broken(name) || broken(value) || name.empty();
    }
    const bool both = request->head.headers.contains("content-length") &&
                      request->head.headers.contains("transfer-encoding");
    if (bad || both) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = http::find_head_end(text, 0);
    if (end > 0) {
        check_request(text.substr(0, end));
        static_cast<void>(http::parse_response(text.substr(0, end), "GET", http::HeadLimits()));
    }
    static_cast<void>(http::has_bare_line_feed(text));
    return 0;
}
