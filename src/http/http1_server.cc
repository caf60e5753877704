#include "base/log.h"
#include "http/http1_exchange.h"
#include "http/server.h"

#include <fmt/format.h>

namespace http {

namespace {

enum class Next { request, end };

// The next head, or why there is none.
struct Arrival {
    std::optional<ParsedRequest> request;
    std::optional<HeadError> refused;
};

// Empty lines before a request line are ignored (RFC 9112 2.2), also when they arrive in halves. True when
// there were any.
bool skip_empty_lines(InputBuffer& input)
{
    bool any = false;
    while (input.view().starts_with("\r\n")) {
        input.consume(2);
        any = true;
    }
    return any;
}

std::optional<HeadError> check_incomplete(std::string_view data, const ServerLimits& limits)
{
    if (has_bare_line_feed(data)) {
        return HeadError{400, "a line that does not end with CRLF"};
    }
    if (data.size() >= limits.head_bytes) {
        return data.contains('\n') ? HeadError{431, "a head that is too large"}
                                   : HeadError{414, "a target that is too long"};
    }
    return std::nullopt;
}

// Empty: the connection ended, or was idle too long.
base::Task<Arrival> next_request(Http1Link& link)
{
    Arrival arrival;
    std::size_t seen = 0;
    bool begun = false;
    link.allow(link.limits.idle_time);
    for (;;) {
        if (skip_empty_lines(link.input)) {
            seen = 0;
        }
        const auto data = link.input.view();
        const auto size = find_head_end(data, seen);
        if (size > 0 && size <= link.limits.head_bytes) {
            auto parsed = parse_request(data.substr(0, size),
                                        HeadLimits{link.limits.head_bytes, link.limits.header_count});
            if (parsed) {
                arrival.request = std::move(*parsed);
                link.input.consume(size);
            } else {
                arrival.refused = parsed.error();
            }
            co_return std::move(arrival);
        }
        arrival.refused = check_incomplete(data, link.limits);
        if (arrival.refused) {
            co_return std::move(arrival);
        }
        seen = data.size();
        if (!begun && seen > 0) {
            begun = true;
            link.allow(link.limits.head_time);
        }
        auto count = co_await link.input.fill(*link.stream);
        if (!count && count.error().kind() == base::Errc::timeout && begun) {
            arrival.refused = HeadError{408, "a head that did not end in time"};
        }
        if (!count || *count == 0) {
            co_return std::move(arrival);
        }
    }
}

base::Task<> refuse(Http1Link& link, HeadError error)
{
    const auto body =
        fmt::format("{} {}: the request has {}\n", error.status, reason_phrase(error.status), error.why);
    ResponseHead head;
    head.status = error.status;
    head.headers.add("Content-Type", "text/plain");
    if (!append_response_head(link.output, head, OutputFraming{OutputFraming::Kind::length, body.size()},
                              Persistence::close)) {
        co_return base::fail(base::Errc::internal, "malformed head");
    }
    link.output += body;
    link.allow(link.limits.write_time);
    co_return co_await link.stream->write(std::span<const char>(link.output));
}

base::Task<Next> serve_one(Http1Link& link, Handler& handler, bool last)
{
    CO_TRY(arrival, co_await next_request(link));
    if (arrival.refused) {
        CO_CHECKED(co_await refuse(link, *arrival.refused));
        co_return Next::end;
    }
    if (!arrival.request) {
        co_return Next::end;
    }
    arrival.request->head.scheme = link.stream->facts().tls ? "https" : "http";
    Http1Exchange exchange(link, std::move(*arrival.request), last);
    co_await handler.handle(exchange);
    if (!link.stream) {
        co_return Next::end;
    }
    CO_TRY(again, co_await exchange.complete());
    co_return again ? Next::request : Next::end;
}

}  // namespace

boost::asio::awaitable<void> serve_http1(std::unique_ptr<net::Stream> stream, Handler& handler,
                                         const ServerLimits& limits)
{
    Http1Link link(std::move(stream), handler, limits);
    for (std::size_t served = 1; served <= limits.requests; ++served) {
        const auto next = co_await serve_one(link, handler, served == limits.requests);
        if (!next || *next == Next::end) {
            break;
        }
    }
    if (link.stream) {
        co_await link.stream->shutdown();
    }
}

}  // namespace http
