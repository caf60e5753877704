#include "http/upstream.h"

#include "http/body_reader.h"
#include "http/http1_head.h"
#include "http/http1_output.h"
#include "http/input_buffer.h"
#include "http/prefixed_stream.h"

#include <array>

namespace http {

namespace {

base::Error bad_upstream(std::string_view why)
{
    return base::Error(base::Errc::unavailable, "the upstream's answer has " + std::string(why))
        .with_code("bad_upstream");
}

OutputFraming written(Framing framing)
{
    switch (framing.kind) {
        case Framing::Kind::length:
            return OutputFraming{OutputFraming::Kind::length, framing.bytes};
        case Framing::Kind::chunked:
            return OutputFraming{OutputFraming::Kind::chunked, 0};
        case Framing::Kind::none:
            break;
    }
    return OutputFraming();
}

}  // namespace

Http1Connection::Http1Connection(std::unique_ptr<net::Stream> stream)
    : stream_(std::move(stream)),
      input_(std::make_unique<InputBuffer>()),
      body_(std::make_unique<BodyReader>())
{
}

Http1Connection::~Http1Connection() = default;

void Http1Connection::set_deadline(std::chrono::steady_clock::time_point when)
{
    stream_->set_deadline(when);
}

void Http1Connection::begin(const RequestHead& head, Framing framing, bool upgrade)
{
    method_ = head.method;
    framing_ = framing;
    sent_ = 0;
    request_ended_ = false;
    answer_began_ = false;
    keep_alive_ = true;
    switching_ = false;
    announced_.reset();
    output_.clear();
    malformed_ = !append_request_head(output_, head, written(framing),
                                      upgrade ? Persistence::upgrade : Persistence::implied);
}

base::Result<bool> Http1Connection::write_now(std::span<const char> data)
{
    if (malformed_) {
        return base::fail(base::Errc::invalid, "a field of the request is malformed");
    }
    const std::array<std::span<const char>, 2> pieces{std::span<const char>(output_), data};
    auto gone = stream_->write_now(net::Stream::Pieces(pieces));
    output_.clear();
    return gone;
}

base::Task<> Http1Connection::write_out(std::span<const char> data, std::string_view after)
{
    if (malformed_) {
        co_return base::fail(base::Errc::invalid, "a field of the request is malformed");
    }
    std::vector<std::span<const char>> pieces{std::span<const char>(output_), data,
                                              std::span<const char>(after)};
    auto result = co_await stream_->write(std::move(pieces));
    output_.clear();
    co_return result;
}

base::Result<bool> Http1Connection::send_whole_now(std::string_view body)
{
    request_ended_ = true;
    return write_now(std::span<const char>(body));
}

base::Task<> Http1Connection::flush()
{
    CO_TRY(gone, write_now({}));
    if (gone) {
        co_return base::Result<>();
    }
    co_return co_await stream_->flush();
}

base::Task<> Http1Connection::send_body(std::span<const char> data)
{
    if (data.empty()) {
        co_return base::Result<>();
    }
    sent_ += data.size();
    if (framing_.kind == Framing::Kind::chunked) {
        append_chunk_size(output_, data.size());
        co_return co_await write_out(data, "\r\n");
    }
    if (framing_.kind == Framing::Kind::none || sent_ > framing_.bytes) {
        co_return base::fail(base::Errc::internal, "the request body is longer than announced");
    }
    co_return co_await write_out(data, {});
}

base::Task<> Http1Connection::finish(Headers trailers)
{
    if (framing_.kind == Framing::Kind::length && sent_ != framing_.bytes) {
        co_return base::fail(base::Errc::internal, "the request body is shorter than announced");
    }
    request_ended_ = true;
    if (framing_.kind == Framing::Kind::chunked) {
        malformed_ = malformed_ || !append_trailers(output_, trailers);
        co_return co_await write_out({}, {});
    }
    co_return co_await flush();
}

base::Result<std::optional<ParsedResponse>> Http1Connection::parsed_head(std::size_t& seen)
{
    const HeadLimits limits;
    const auto data = input_->view();
    const auto size = find_head_end(data, seen);
    if (size > 0 && size <= limits.bytes) {
        auto parsed = parse_response(data.substr(0, size), method_, limits);
        if (!parsed) {
            return base::fail(bad_upstream(parsed.error().why));
        }
        input_->consume(size);
        return std::move(*parsed);
    }
    if (data.size() >= limits.bytes || has_bare_line_feed(data)) {
        return base::fail(bad_upstream("a head that is too large or malformed"));
    }
    seen = data.size();
    return std::nullopt;
}

ResponseHead Http1Connection::take_head(ParsedResponse response)
{
    const int status = response.head.status;
    if (!is_interim(status)) {
        switching_ = status == 101;
        keep_alive_ = response.keep_alive && !switching_;
        body_->start(response.body);
        if (response.body.kind == BodyFraming::Kind::length ||
            response.body.kind == BodyFraming::Kind::none) {
            announced_ = response.body.length;
        }
    }
    return std::move(response.head);
}

base::Task<ResponseHead> Http1Connection::read_any_head()
{
    std::size_t seen = 0;
    for (;;) {
        CO_TRY(parsed, parsed_head(seen));
        if (parsed) {
            co_return take_head(std::move(*parsed));
        }
        CO_TRY(count, input_->fill_now(*stream_));
        if (!count) {
            CO_CHECKED(co_await stream_->readable());
        } else if (*count == 0) {
            co_return base::fail(
                base::Error(base::Errc::unavailable, "the upstream closed the connection without an answer")
                    .with_code("upstream_closed"));
        } else {
            answer_began_ = true;
        }
    }
}

base::Task<ResponseHead> Http1Connection::read_head()
{
    for (int heads = 0; heads <= most_interim; ++heads) {
        CO_TRY(head, co_await read_any_head());
        if (!is_interim(head.status)) {
            co_return std::move(head);
        }
    }
    co_return base::fail(bad_upstream("no end of interim answers"));
}

std::optional<std::string_view> Http1Connection::arrived_body() const
{
    return body_->rest(*input_);
}

void Http1Connection::drop_body()
{
    body_->drop_rest(*input_);
}

base::Result<std::optional<std::size_t>> Http1Connection::read_body_now(std::span<char> buffer)
{
    auto count = body_->read_now(*stream_, *input_, buffer);
    if (!count) {
        keep_alive_ = false;
        return base::fail(std::move(count).error().with_context("upstream"));
    }
    return count;
}

base::Task<std::size_t> Http1Connection::read_body(std::span<char> buffer)
{
    for (;;) {
        CO_TRY(count, read_body_now(buffer));
        if (count) {
            co_return *count;
        }
        auto waited = co_await readable();
        if (!waited) {
            keep_alive_ = false;
            co_return base::fail(std::move(waited).error().with_context("upstream"));
        }
    }
}

bool Http1Connection::body_ended() const
{
    return body_->ended();
}

const Headers& Http1Connection::trailers() const
{
    return body_->trailers();
}

bool Http1Connection::reusable() const
{
    return stream_ && keep_alive_ && request_ended_ && answer_began_ && body_->ended() && input_->empty();
}

std::unique_ptr<net::Stream> Http1Connection::upgrade()
{
    if (!switching_) {
        return nullptr;
    }
    std::string early(input_->view());
    input_->consume(early.size());
    return with_prefix(std::move(early), std::move(stream_));
}

}  // namespace http
