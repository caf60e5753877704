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

// Reads one head, without waiting itself.
class HeadReader {
public:
    explicit HeadReader(Http1Link& link) : link_(link) { link_.allow(link_.limits.idle_time); }

    // Nothing while more has to arrive.
    std::optional<Arrival> arrived();
    // Waiting for more has failed. An arrival of nothing: the connection ended, or was idle too long.
    Arrival ended(const base::Error& error) const
    {
        Arrival arrival;
        if (begun_ && error.kind() == base::Errc::timeout) {
            arrival.refused = HeadError{408, "a head that did not end in time"};
        }
        return arrival;
    }

private:
    std::optional<Arrival> parsed();

    Http1Link& link_;
    std::size_t seen_ = 0;
    bool begun_ = false;
};

std::optional<Arrival> HeadReader::arrived()
{
    for (;;) {
        if (auto arrival = parsed()) {
            return arrival;
        }
        const auto count = link_.input.fill_now(*link_.stream);
        if (!count) {
            return ended(count.error());
        }
        if (!*count) {
            return std::nullopt;
        }
        if (**count == 0) {
            return Arrival();
        }
    }
}

std::optional<Arrival> HeadReader::parsed()
{
    if (link_.input.empty()) {
        return std::nullopt;
    }
    if (skip_empty_lines(link_.input)) {
        seen_ = 0;
    }
    Arrival arrival;
    const auto data = link_.input.view();
    const auto size = find_head_end(data, seen_);
    if (size > 0 && size <= link_.limits.head_bytes) {
        auto request = parse_request(data.substr(0, size),
                                     HeadLimits{link_.limits.head_bytes, link_.limits.header_count});
        if (request) {
            arrival.request = std::move(*request);
            link_.input.consume(size);
        } else {
            arrival.refused = request.error();
        }
        return arrival;
    }
    arrival.refused = check_incomplete(data, link_.limits);
    if (arrival.refused) {
        return arrival;
    }
    seen_ = data.size();
    if (!begun_ && seen_ > 0) {
        begun_ = true;
        link_.allow(link_.limits.head_time);
    }
    return std::nullopt;
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
    HeadReader reader(link);
    auto arrival = reader.arrived();
    while (!arrival) {
        const auto more = co_await link.stream->readable();
        arrival = more ? reader.arrived() : reader.ended(more.error());
    }
    if (arrival->refused) {
        CO_CHECKED(co_await refuse(link, *arrival->refused));
        co_return Next::end;
    }
    if (!arrival->request) {
        co_return Next::end;
    }
    arrival->request->head.scheme = link.stream->facts().tls ? "https" : "http";
    Http1Exchange exchange(link, std::move(*arrival->request), last);
    co_await handler.handle(exchange);
    if (!link.stream) {
        co_return Next::end;
    }
    if (exchange.settled()) {
        co_return Next::request;
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
