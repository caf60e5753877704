#include "http/http2_exchange.h"

#include "base/ascii.h"
#include "http/date.h"
#include "http/syntax.h"

#include <algorithm>
#include <cstring>

namespace http {

namespace {

using Clock = std::chrono::steady_clock;

// An answer waits when this much of it is not yet in frames.
constexpr std::size_t output_limit = 64 * 1024;

constexpr std::size_t usual_fields = 12;

// What is read of a body that nobody wants, before the stream is stopped. Stopping at once would be legal,
// but clients such as curl 7.88 then lose the answer.
constexpr std::size_t h2_dropped_body = 256 * 1024;

// Fields of one HTTP/1 connection have no place in HTTP/2 (RFC 9113 8.2.2).
bool is_connection_field(std::string_view name)
{
    return name == "connection" || name == "keep-alive" || name == "proxy-connection" ||
           name == "transfer-encoding" || name == "upgrade";
}

nghttp2_nv pair(std::string_view name, std::string_view value)
{
    const auto octets = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return nghttp2_nv{octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

ssize_t read_frame(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room, std::uint32_t* flags,
                   nghttp2_data_source* source, void*)
{
    return static_cast<Http2Exchange*>(source->ptr)->fill_frame(out, room, flags);
}

base::Error h2_misuse(std::string_view what)
{
    return base::Error(base::Errc::internal, std::string(what));
}

// Makes fields those of HTTP/2; false when one is malformed.
bool clean(Headers& headers)
{
    headers.lower_names();
    headers.remove_if([](const Headers::Field& field) { return is_connection_field(field.first); });
    return std::ranges::all_of(headers.fields(), [](const Headers::Field& field) {
        return is_token(field.first) && is_field_value(field.second);
    });
}

void append_pairs(std::vector<nghttp2_nv>& pairs, const Headers& headers)
{
    for (const auto& [name, value] : headers.fields()) {
        pairs.push_back(pair(name, value));
    }
}

}  // namespace

Http2Exchange::Http2Exchange(Http2Session& session, std::int32_t id)
    : session_(session),
      id_(id),
      pace_(session.limits().body_time, session.limits().body_rate),
      arrived_(session.stream().executor()),
      drained_(session.stream().executor())
{
    request_.version = 20;
    request_.headers.reserve(usual_fields);
    request_.scheme = session.stream().facts().tls ? "https" : "http";
}

bool Http2Exchange::on_field(std::string_view name, std::string_view value)
{
    head_bytes_ += name.size() + value.size() + 32;
    if (head_done_) {
        trailers_.add(std::string(name), std::string(value));
        return trailers_.fields().size() <= 50 && head_bytes_ <= 2 * session_.limits().head_bytes;
    }
    if (name == ":method") {
        request_.method = value;
    } else if (name == ":path") {
        request_.target = value;
    } else if (name == ":authority") {
        request_.authority = base::to_lower(value);
    } else if (name == "cookie") {
        // Split for compression; one field again for those behind us (RFC 9113 8.2.3).
        cookies_ += (cookies_.empty() ? "" : "; ") + std::string(value);
    } else if (!name.starts_with(':')) {
        request_.headers.add(std::string(name), std::string(value));
    }
    return request_.headers.fields().size() <= session_.limits().header_count &&
           head_bytes_ <= session_.limits().head_bytes;
}

bool Http2Exchange::on_head_end()
{
    head_done_ = true;
    if (!cookies_.empty()) {
        request_.headers.add("cookie", std::exchange(cookies_, std::string()));
    }
    const auto host = request_.headers.find("host");
    if (request_.authority.empty() && host) {
        request_.authority = base::to_lower(*host);
    } else if (host && base::to_lower(*host) != request_.authority) {
        return false;
    }
    if (const auto length = request_.headers.find("content-length")) {
        body_length_ = parse_length(*length);
    }
    const auto expect = request_.headers.find("expect");
    continue_due_ = expect && same_name(*expect, "100-continue");
    const bool good_target =
        is_target(request_.target) && (request_.target.front() == '/' || request_.target == "*");
    return good_target && is_token(request_.method) && is_authority(request_.authority);
}

void Http2Exchange::on_data(std::string_view data)
{
    if (abandoned_) {
        drop(data.size());
        return;
    }
    input_ += data;
    arrived_.notify();
}

void Http2Exchange::on_closed()
{
    closed_ = true;
    arrived_.notify();
    drained_.notify();
    if (!answer_sent_ && tell_abandoned_) {
        std::exchange(tell_abandoned_, nullptr)();
    }
}

base::Error Http2Exchange::gone() const
{
    return base::Error(base::Errc::unavailable, "the client ended the request").with_code("peer_gone");
}

base::Task<std::size_t> Http2Exchange::read_body(std::span<char> buffer)
{
    if (continue_due_ && !request_ended_ && input_.empty() && phase_ == Phase::waiting) {
        const auto status = pair(":status", "100");
        nghttp2_submit_headers(session_.native(), NGHTTP2_FLAG_NONE, id_, nullptr, &status, 1, nullptr);
        session_.wake_writer();
    }
    continue_due_ = false;
    const auto deadline = pace_.deadline(Clock::now(), !head_sent);
    while (input_.empty()) {
        if (request_ended_) {
            co_return std::size_t{0};
        }
        if (closed_) {
            co_return base::fail(gone());
        }
        const bool in_time = co_await arrived_.wait_until(deadline);
        if (!in_time) {
            co_return base::fail(base::Errc::timeout, "request body: timed out");
        }
    }
    const auto count = std::min(buffer.size(), input_.size() - input_used_);
    pace_.arrived(Clock::now(), count);
    std::memcpy(buffer.data(), input_.data() + input_used_, count);
    input_used_ += count;
    if (input_used_ == input_.size()) {
        input_.clear();
        input_used_ = 0;
    }
    session_.consumed(id_, count);
    if (request_ended_ && input_.empty()) {
        input_.shrink_to_fit();
    }
    co_return count;
}

base::Result<> Http2Exchange::send_head(ResponseHead head)
{
    if (phase_ != Phase::waiting) {
        return base::fail(h2_misuse("the head of the answer was sent already"));
    }
    if (head.status < 200 || head.status > 999 || !clean(head.headers)) {
        return base::fail(h2_misuse("the head of the answer is malformed"));
    }
    head_ = std::move(head);
    phase_ = Phase::head_kept;
    head_sent = true;
    return {};
}

base::Task<> Http2Exchange::send_interim(ResponseHead head)
{
    if (phase_ != Phase::waiting || closed_) {
        co_return base::Result<>();
    }
    if (!clean(head.headers)) {
        co_return base::fail(h2_misuse("a field of the interim answer is malformed"));
    }
    const auto status = std::to_string(head.status);
    std::vector<nghttp2_nv> fields{pair(":status", status)};
    append_pairs(fields, head.headers);
    nghttp2_submit_headers(session_.native(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(), fields.size(),
                           nullptr);
    session_.wake_writer();
    co_return base::Result<>();
}

base::Result<void> Http2Exchange::submit_head(bool with_body)
{
    phase_ = Phase::body;
    if (closed_) {
        return base::fail(gone());
    }
    const auto status = std::to_string(head_.status);
    std::vector<nghttp2_nv> fields;
    fields.reserve(head_.headers.fields().size() + 2);
    fields.push_back(pair(":status", status));
    append_pairs(fields, head_.headers);
    if (!head_.headers.contains("date")) {
        fields.push_back(pair("date", http_date_now()));
    }
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = read_frame;
    if (nghttp2_submit_response(session_.native(), id_, fields.data(), fields.size(),
                                with_body ? &body : nullptr) != 0) {
        return base::fail(gone());
    }
    session_.wake_writer();
    return {};
}

ssize_t Http2Exchange::fill_frame(std::uint8_t* out, std::size_t room, std::uint32_t* flags)
{
    const auto count = std::min(room, output_.size() - output_used_);
    std::memcpy(out, output_.data() + output_used_, count);
    output_used_ += count;
    session_.carried(count);
    progress_ = abandoned_ ? Clock::now() : progress_;
    const bool empty = output_used_ == output_.size();
    if (empty) {
        output_.clear();
        output_used_ = 0;
    }
    drained_.notify();
    if (empty && output_ends_) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!answer_trailers_.empty()) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            std::vector<nghttp2_nv> fields;
            append_pairs(fields, answer_trailers_);
            nghttp2_submit_trailer(session_.native(), id_, fields.data(), fields.size());
        }
        return static_cast<ssize_t>(count);
    }
    deferred_ = count == 0;
    return deferred_ ? NGHTTP2_ERR_DEFERRED : static_cast<ssize_t>(count);
}

bool Http2Exchange::has_body()
{
    return request_.method != "HEAD" && head_.status != 204 && head_.status != 304;
}

base::Task<> Http2Exchange::queue(std::span<const char> data)
{
    output_.append(data.data(), data.size());
    if (std::exchange(deferred_, false)) {
        nghttp2_session_resume_data(session_.native(), id_);
    }
    session_.wake_writer();
    const auto deadline = Clock::now() + session_.limits().write_time;
    while (!closed_ && output_.size() - output_used_ > output_limit) {
        const bool in_time = co_await drained_.wait_until(deadline);
        if (!in_time) {
            reset();
            co_return base::fail(base::Errc::timeout, "sending the answer: timed out");
        }
    }
    if (closed_) {
        co_return base::fail(gone());
    }
    co_return base::Result<>();
}

base::Task<> Http2Exchange::send_body(std::span<const char> data)
{
    if (phase_ == Phase::head_kept && has_body()) {
        CO_CHECKED(submit_head(true));
    }
    if (data.empty() || phase_ == Phase::head_kept) {
        co_return base::Result<>();
    }
    if (phase_ != Phase::body) {
        co_return base::fail(h2_misuse("no answer is under way"));
    }
    co_return co_await queue(data);
}

base::Task<> Http2Exchange::send_last(std::span<const char> last)
{
    const bool head_alone = phase_ == Phase::head_kept && (last.empty() || !has_body());
    if (head_alone) {
        auto submitted = submit_head(false);
        phase_ = Phase::ended;
        co_return submitted;
    }
    if (phase_ == Phase::head_kept) {
        CO_CHECKED(submit_head(true));
    }
    if (phase_ != Phase::body) {
        co_return base::fail(h2_misuse("no answer is under way"));
    }
    phase_ = Phase::ended;
    output_ends_ = true;
    co_return co_await queue(last);
}

base::Task<> Http2Exchange::finish(Headers trailers)
{
    if (!clean(trailers)) {
        co_return base::fail(h2_misuse("a trailer field of the answer is malformed"));
    }
    if (phase_ == Phase::head_kept && has_body() && !trailers.empty()) {
        CO_CHECKED(submit_head(true));
    }
    answer_trailers_ = std::move(trailers);
    co_return co_await send_last({});
}

base::Task<> Http2Exchange::flush()
{
    if (phase_ == Phase::head_kept && has_body()) {
        CO_CHECKED(submit_head(true));
    }
    session_.wake_writer();
    co_return base::Result<>();
}

void Http2Exchange::reset()
{
    phase_ = Phase::ended;
    if (!closed_ && !answer_sent_) {
        failed_ = true;
        nghttp2_submit_rst_stream(session_.native(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_INTERNAL_ERROR);
        session_.wake_writer();
    }
}

void Http2Exchange::drop_input()
{
    abandoned_ = true;
    drop(input_.size() - input_used_);
    input_.clear();
    input_used_ = 0;
}

void Http2Exchange::drop(std::size_t bytes)
{
    dropped_ += bytes;
    session_.consumed(id_, bytes);
    if (dropped_ > h2_dropped_body) {
        stop_request();
    }
}

void Http2Exchange::stop_request()
{
    if (!closed_ && answer_sent_ && !request_ended_) {
        request_ended_ = true;
        nghttp2_submit_rst_stream(session_.native(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_NO_ERROR);
        session_.wake_writer();
    }
}

boost::asio::awaitable<void> Http2Exchange::complete()
{
    if (phase_ == Phase::waiting) {
        static_cast<void>(co_await send_text(*this, 500, "text/plain", "Internal Server Error\n"));
    }
    if (phase_ != Phase::ended) {
        reset();
    }
}

void Http2Exchange::let_go()
{
    drop_input();
    progress_ = Clock::now();
}

void Http2Exchange::end_if_stuck(Clock::time_point now)
{
    if (abandoned_ && !closed_ && now - progress_ >= session_.limits().write_time) {
        reset();  // Unless all is sent: then the client only has not ended its request.
        stop_request();
    }
}

}  // namespace http
