#include "http/upstream.h"

#include "http/body_reader.h"
#include "http/http1_head.h"
#include "http/http1_output.h"
#include "http/input_buffer.h"
#include "http/prefixed_stream.h"

namespace http {

namespace {

constexpr std::size_t joined_size = 8 * 1024;
// More interim answers than any origin sends.
constexpr int max_interim = 16;

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

base::Task<> Http1Connection::write_out(std::span<const char> data, std::string_view after)
{
    if (malformed_) {
        co_return base::fail(base::Errc::invalid, "a field of the request is malformed");
    }
    base::Result<> result;
    if (output_.size() + data.size() <= joined_size) {
        output_.append(data.data(), data.size());
        output_ += after;
        result = co_await stream_->write(std::span<const char>(output_));
    } else {
        std::vector<std::span<const char>> pieces{std::span<const char>(output_), data,
                                                  std::span<const char>(after)};
        result = co_await stream_->write(std::move(pieces));
    }
    output_.clear();
    co_return result;
}

base::Task<> Http1Connection::flush()
{
    if (output_.empty() && !malformed_) {
        co_return base::Result<>();
    }
    co_return co_await write_out({}, {});
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

base::Task<ParsedResponse> Http1Connection::next_head()
{
    const HeadLimits limits;
    std::size_t seen = 0;
    for (;;) {
        const auto data = input_->view();
        const auto size = find_head_end(data, seen);
        if (size > 0 && size <= limits.bytes) {
            auto parsed = parse_response(data.substr(0, size), method_, limits);
            if (!parsed) {
                co_return base::fail(bad_upstream(parsed.error().why));
            }
            input_->consume(size);
            co_return std::move(*parsed);
        }
        if (data.size() >= limits.bytes || has_bare_line_feed(data)) {
            co_return base::fail(bad_upstream("a head that is too large or malformed"));
        }
        seen = data.size();
        CO_TRY(count, co_await input_->fill(*stream_));
        if (count == 0) {
            co_return base::fail(
                base::Error(base::Errc::unavailable, "the upstream closed the connection without an answer")
                    .with_code("upstream_closed"));
        }
        answer_began_ = true;
    }
}

base::Task<ResponseHead> Http1Connection::read_head()
{
    for (int interim = 0; interim < max_interim; ++interim) {
        CO_TRY(response, co_await next_head());
        const int status = response.head.status;
        if (status >= 100 && status < 200 && status != 101) {
            continue;
        }
        switching_ = status == 101;
        keep_alive_ = response.keep_alive && !switching_;
        body_->start(response.body);
        if (response.body.kind == BodyFraming::Kind::length ||
            response.body.kind == BodyFraming::Kind::none) {
            announced_ = response.body.length;
        }
        co_return std::move(response.head);
    }
    co_return base::fail(bad_upstream("no end of interim answers"));
}

base::Task<std::size_t> Http1Connection::read_body(std::span<char> buffer)
{
    auto count = co_await body_->read(*stream_, *input_, buffer);
    if (!count) {
        keep_alive_ = false;
        co_return base::fail(std::move(count).error().with_context("upstream"));
    }
    co_return *count;
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
