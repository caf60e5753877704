#include "http/exchange.h"

#include <fmt/format.h>

#include <array>

namespace http {

base::Task<> Exchange::send_last(std::span<const char> last)
{
    if (!last.empty()) {
        CO_CHECKED(co_await send_body(last));
    }
    co_return co_await finish(Headers());
}

base::Task<> Exchange::send_interim(ResponseHead)
{
    co_return base::Result<>();
}

base::Task<> Exchange::flush()
{
    co_return base::Result<>();
}

base::Task<> send_text(Exchange& exchange, int status, std::string content_type, std::string body,
                       Headers extra)
{
    ResponseHead head;
    head.status = status;
    head.headers = std::move(extra);
    if (!content_type.empty()) {
        head.headers.set("Content-Type", std::move(content_type));
    }
    if (status >= 200 && status != 204 && status != 304) {
        head.headers.set("Content-Length", fmt::to_string(body.size()));
    }
    CO_CHECKED(exchange.send_head(std::move(head)));
    co_return co_await exchange.send_last(std::span<const char>(body));
}

base::Task<std::string> read_all(Exchange& exchange, std::size_t limit)
{
    const auto too_large = [&] {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("the body is larger than {} bytes", limit))
                .with_code("body_too_large"));
    };
    const auto announced = exchange.body_length();
    if (announced && *announced > limit) {
        co_return too_large();
    }
    std::string body;
    if (announced) {
        body.reserve(static_cast<std::size_t>(*announced));
    }
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        CO_TRY(count, co_await exchange.read_body(buffer));
        if (count == 0) {
            co_return std::move(body);
        }
        if (body.size() + count > limit) {
            co_return too_large();
        }
        body.append(buffer.data(), count);
    }
}

}  // namespace http
