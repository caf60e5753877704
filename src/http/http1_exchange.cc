#include "http/http1_exchange.h"

#include "http/prefixed_stream.h"
#include "http/syntax.h"

#include <array>

namespace http {

namespace {

constexpr std::size_t dropped_body = 256 * 1024;

base::Error misuse(std::string_view what)
{
    return base::Error(base::Errc::internal, std::string(what));
}

}  // namespace

Http1Exchange::Http1Exchange(Http1Link& link, ParsedRequest request, bool last)
    : link_(link),
      request_(std::move(request)),
      pace_(link.limits.body_time, link.limits.body_rate),
      continue_due_(request_.expects_continue),
      keep_alive_(request_.keep_alive && !last)
{
    body_.start(request_.body);
}

std::optional<std::uint64_t> Http1Exchange::body_length() const
{
    if (request_.body.kind == BodyFraming::Kind::chunked) {
        return std::nullopt;
    }
    return request_.body.length;
}

base::Task<std::size_t> Http1Exchange::read_body(std::span<char> buffer)
{
    if (body_.ended()) {
        co_return std::size_t{0};
    }
    if (phase_ == Phase::broken || phase_ == Phase::upgraded) {
        co_return base::fail(misuse("the exchange has ended"));
    }
    if (continue_due_) {
        continue_due_ = false;
        if (link_.input.empty() && phase_ == Phase::waiting) {
            constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            link_.allow(link_.limits.write_time);
            CO_CHECKED(co_await link_.stream->write(std::span<const char>(go_on)));
        }
    }
    link_.stream->set_deadline(pace_.deadline(BodyPace::Clock::now(), !head_sent));
    auto count = co_await body_.read(*link_.stream, link_.input, buffer);
    if (count) {
        pace_.arrived(BodyPace::Clock::now(), *count);
    } else {
        keep_alive_ = false;
        co_return base::fail(std::move(count).error().with_context("request body"));
    }
    co_return *count;
}

bool Http1Exchange::sends_body() const
{
    return request_.head.method != "HEAD" && head_.status >= 200 && head_.status != 204 &&
           head_.status != 304;
}

base::Result<> Http1Exchange::send_head(ResponseHead head)
{
    if (phase_ != Phase::waiting) {
        return base::fail(misuse("the head of the answer was sent already"));
    }
    head_ = std::move(head);
    phase_ = Phase::head_kept;
    head_sent = true;
    if (head_.status == 101) {
        if (!append_response_head(link_.output, head_, OutputFraming(), Persistence::upgrade)) {
            phase_ = Phase::broken;
            return base::fail(misuse("a header field of the answer is malformed"));
        }
        phase_ = Phase::body;
    }
    return {};
}

base::Task<> Http1Exchange::send_interim(ResponseHead head)
{
    // HTTP/1.0 knows none (RFC 9110 15.2).
    if (phase_ != Phase::waiting || request_.head.version != 11 || !link_.output.empty()) {
        co_return base::Result<>();
    }
    if (!append_interim_head(link_.output, head)) {
        co_return base::fail(misuse("a header field of the interim answer is malformed"));
    }
    co_return co_await write_out({}, {});
}

base::Result<void> Http1Exchange::write_head(std::optional<std::uint64_t> whole)
{
    phase_ = Phase::body;
    keep_alive_ = keep_alive_ && !link_.handler.ending();
    if (const auto connection = head_.headers.find("connection");
        connection && list_has(*connection, "close")) {
        keep_alive_ = false;
    }
    if (sends_body()) {
        const auto given = head_.headers.find("content-length");
        const auto length = given ? parse_length(*given) : whole;
        if (given && !length) {
            phase_ = Phase::broken;
            return base::fail(misuse("the Content-Length of the answer is malformed"));
        }
        if (length) {
            framing_ = OutputFraming{OutputFraming::Kind::length, *length};
        } else if (request_.head.version == 11) {
            framing_ = OutputFraming{OutputFraming::Kind::chunked, 0};
        } else {
            keep_alive_ = false;  // The end of the connection ends the body.
        }
    }
    auto persistence = keep_alive_ ? Persistence::implied : Persistence::close;
    if (keep_alive_ && request_.head.version == 10) {
        persistence = Persistence::keep_alive;
    }
    if (!append_response_head(link_.output, head_, framing_, persistence)) {
        phase_ = Phase::broken;
        return base::fail(misuse("a header field of the answer is malformed"));
    }
    return {};
}

base::Error Http1Exchange::not_sent(base::Error error)
{
    phase_ = Phase::broken;
    return std::move(error).with_context("sending the answer");
}

base::Result<bool> Http1Exchange::write_now(std::span<const char> data, std::string_view after)
{
    link_.allow(link_.limits.write_time);
    const std::array<std::span<const char>, 3> pieces{std::span<const char>(link_.output), data,
                                                      std::span<const char>(after)};
    auto gone = link_.stream->write_now(net::Stream::Pieces(pieces));
    link_.output.clear();
    if (!gone) {
        return base::fail(not_sent(std::move(gone).error()));
    }
    return gone;
}

base::Task<> Http1Exchange::write_out(std::span<const char> data, std::string_view after)
{
    constexpr auto most = net::Stream::most_at_once;
    do {
        const auto framing = std::min(link_.output.size() + after.size(), most / 2);
        const auto piece = data.first(std::min(data.size(), most - framing));
        data = data.subspan(piece.size());
        CO_TRY(gone, write_now(piece, data.empty() ? after : std::string_view()));
        if (!gone) {
            auto flushed = co_await link_.stream->flush();
            if (!flushed) {
                co_return base::fail(not_sent(std::move(flushed).error()));
            }
        }
    } while (!data.empty());
    co_return base::Result<>();
}

base::Result<void> Http1Exchange::frame_body(std::span<const char> data)
{
    sent_ += data.size();
    if (framing_.kind == OutputFraming::Kind::length && sent_ > framing_.length) {
        phase_ = Phase::broken;
        return base::fail(misuse("the answer is longer than its Content-Length"));
    }
    if (framing_.kind == OutputFraming::Kind::chunked && !data.empty()) {
        append_chunk_size(link_.output, data.size());
    }
    return {};
}

base::Task<> Http1Exchange::send_body(std::span<const char> data)
{
    if (phase_ == Phase::head_kept) {
        CO_CHECKED(write_head(std::nullopt));
    }
    if (phase_ != Phase::body) {
        co_return base::fail(misuse("no answer is under way"));
    }
    if (data.empty() || !sends_body()) {
        co_return base::Result<>();
    }
    CO_CHECKED(frame_body(data));
    const std::string_view after = framing_.kind == OutputFraming::Kind::chunked ? "\r\n" : "";
    co_return co_await write_out(data, after);
}

base::Task<> Http1Exchange::send_last(std::span<const char> last)
{
    if (phase_ == Phase::head_kept) {
        CO_CHECKED(write_head(last.size()));
    }
    if (phase_ != Phase::body) {
        co_return base::fail(misuse("no answer is under way"));
    }
    if (!sends_body()) {
        last = {};
    }
    CO_CHECKED(frame_body(last));
    if (framing_.kind == OutputFraming::Kind::length && sent_ != framing_.length) {
        keep_alive_ = false;
        phase_ = Phase::broken;
        co_return base::fail(misuse("the answer is shorter than its Content-Length"));
    }
    std::string_view after;
    if (framing_.kind == OutputFraming::Kind::chunked) {
        after = last.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    }
    phase_ = Phase::ended;
    if (link_.output.empty() && last.empty() && after.empty()) {
        co_return base::Result<>();
    }
    if (link_.output.size() + last.size() + after.size() <= net::Stream::most_at_once) {
        CO_TRY(gone, write_now(last, after));
        if (gone) {
            co_return base::Result<>();
        }
        last = {};  // In the stream.
        after = {};
    }
    co_return co_await write_out(last, after);
}

base::Task<> Http1Exchange::finish(Headers trailers)
{
    if (trailers.empty() || (phase_ == Phase::body && framing_.kind != OutputFraming::Kind::chunked)) {
        co_return co_await send_last({});
    }
    if (phase_ == Phase::head_kept) {
        CO_CHECKED(write_head(std::nullopt));
    }
    if (phase_ != Phase::body || framing_.kind != OutputFraming::Kind::chunked) {
        co_return co_await send_last({});
    }
    if (!append_trailers(link_.output, trailers)) {
        phase_ = Phase::broken;
        co_return base::fail(misuse("a trailer field of the answer is malformed"));
    }
    phase_ = Phase::ended;
    co_return co_await write_out({}, {});
}

base::Task<> Http1Exchange::flush()
{
    if (phase_ == Phase::head_kept) {
        CO_CHECKED(write_head(std::nullopt));
    }
    if (link_.output.empty()) {
        co_return base::Result<>();
    }
    co_return co_await write_out({}, {});
}

void Http1Exchange::reset()
{
    phase_ = Phase::broken;
    if (link_.stream) {
        link_.stream->close();
    }
}

bool Http1Exchange::abandoned()
{
    // Bytes that wait are a body, or the next request.
    return link_.stream && link_.input.empty() && link_.stream->peer_ended();
}

std::unique_ptr<net::Stream> Http1Exchange::upgrade()
{
    if (phase_ != Phase::body || head_.status != 101) {
        return nullptr;
    }
    phase_ = Phase::upgraded;
    facts_ = link_.stream->facts();
    std::string early(link_.input.view());
    link_.input.consume(early.size());
    link_.stream->set_deadline(std::chrono::steady_clock::time_point::max());
    return with_prefix(std::move(early), std::move(link_.stream));
}

base::Task<bool> Http1Exchange::complete()
{
    if (phase_ == Phase::waiting) {
        CO_CHECKED(co_await send_text(*this, 500, "text/plain", "Internal Server Error\n"));
    }
    if (phase_ != Phase::ended || !keep_alive_) {
        co_return false;
    }
    if (body_.ended()) {
        co_return true;
    }
    co_return co_await drop_body();
}

base::Task<bool> Http1Exchange::drop_body()
{
    // A client that still waits for "100 Continue" may send the body or the next request: nobody can tell.
    if (continue_due_ || request_.body.length > dropped_body) {
        co_return false;
    }
    std::array<char, 8 * 1024> waste;
    link_.allow(std::min(link_.limits.body_time, std::chrono::milliseconds(5'000)));
    for (std::size_t dropped = 0; dropped <= dropped_body;) {
        CO_TRY(count, co_await body_.read(*link_.stream, link_.input, waste));
        if (count == 0) {
            co_return true;
        }
        dropped += count;
    }
    co_return false;
}

}  // namespace http
