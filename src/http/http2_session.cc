#include "http/http2_session.h"

#include "base/counted.h"
#include "http/http2_exchange.h"
#include "http/http2_memory.h"

#include <array>

namespace http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t max_streams = 128;
constexpr std::int32_t connection_window = 1024 * 1024;
constexpr std::size_t h2_write_size = 64 * 1024;
constexpr std::size_t read_size = 16 * 1024;
// How often a stream is looked at within the time that a write may take.
constexpr int looks_each_limit = 4;
// Frames that wait to be sent. Each open stream has one or two; more are answers to a client that does not
// read them.
constexpr std::size_t most_queued = 1000;
// Longer than a round trip, so that requests sent before the warning are here.
constexpr std::chrono::milliseconds time_under_way{1'000};

std::string_view text(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

// nghttp2's callbacks; user_data is the session.
struct Http2Callbacks {
    static Http2Session& session(void* user_data) { return *static_cast<Http2Session*>(user_data); }
    static bool is_request(const nghttp2_frame* frame)
    {
        return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    }

    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data)
    {
        if (is_request(frame)) {
            session(user_data).begin(frame->hd.stream_id);
        }
        return 0;
    }
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t, void* user_data)
    {
        auto* exchange = session(user_data).find(frame->hd.stream_id);
        const bool good =
            exchange == nullptr || exchange->on_field(text(name, name_size), text(value, value_size));
        return good ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    static int on_frame(nghttp2_session* native, const nghttp2_frame* frame, void* user_data)
    {
        auto& self = session(user_data);
        const bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (has_end) {
            self.carried(frame->hd.length);
        }
        auto* exchange = self.find(frame->hd.stream_id);
        if (exchange == nullptr) {
            return 0;
        }
        if (is_request(frame) && !exchange->on_head_end()) {
            nghttp2_submit_rst_stream(native, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
            return 0;
        }
        if (has_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            exchange->on_request_end();
        }
        if (is_request(frame)) {
            self.dispatch(frame->hd.stream_id);
        }
        return 0;
    }
    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data,
                       std::size_t size, void* user_data)
    {
        auto& self = session(user_data);
        if (auto* exchange = self.find(stream_id)) {
            exchange->on_data(text(data, size));
        } else {
            self.consumed(stream_id, size);
        }
        return 0;
    }
    static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data)
    {
        const bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (has_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            if (auto* exchange = session(user_data).find(frame->hd.stream_id)) {
                exchange->on_answer_sent();
            }
        }
        return 0;
    }
    static int on_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t, void* user_data)
    {
        session(user_data).ended(stream_id);
        return 0;
    }

    static nghttp2_session_callbacks* make()
    {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        return callbacks;
    }
    static nghttp2_option* make_option()
    {
        nghttp2_option* option = nullptr;
        nghttp2_option_new(&option);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        return option;
    }
    static nghttp2_session* open(Http2Session* owner)
    {
        static nghttp2_session_callbacks* const callbacks = make();
        static nghttp2_option* const option = make_option();
        nghttp2_session* session = nullptr;
        nghttp2_session_server_new3(&session, callbacks, owner, option, http2_memory());
        return session;
    }
};

Http2Session::Http2Session(std::unique_ptr<net::Stream> stream, Handler& handler, const ServerLimits& limits)
    : stream_(std::move(stream)),
      handler_(handler),
      limits_(limits),
      session_(Http2Callbacks::open(this)),
      writable_(stream_->executor()),
      goodbye_said_(stream_->executor()),
      tasks_(stream_->executor())
{
}

Http2Session::~Http2Session() = default;

base::Result<void> Http2Session::start()
{
    const std::array<nghttp2_settings_entry, 2> settings{
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                               static_cast<std::uint32_t>(limits_.head_bytes)}};
    if (!session_ ||
        nghttp2_submit_settings(native(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0 ||
        nghttp2_session_set_local_window_size(native(), NGHTTP2_FLAG_NONE, 0, connection_window) != 0) {
        return base::fail(base::Errc::internal, "cannot start HTTP/2");
    }
    return {};
}

boost::asio::awaitable<void> Http2Session::run()
{
    if (!start()) {
        co_return;
    }
    tasks_.spawn("http2_writer", write_loop());
    // Of the thread: what is read is used at once, and waiting needs none.
    thread_local std::array<char, read_size> buffer;
    bool turned_away = false;
    stream_->set_deadline(Clock::now() + limits_.head_time);
    while (!turned_away) {
        const auto count = stream_->read_now(buffer);
        if (!count || *count == 0) {
            break;
        }
        if (*count) {
            turned_away = !feed(std::span<const char>(buffer).first(**count));
            set_deadline();
            continue;
        }
        const auto more = co_await stream_->readable();
        if (!more) {
            break;
        }
    }
    if ((streams_.empty() || turned_away) && !writing_) {
        co_await say_goodbye();
    }
}

bool Http2Session::feed(std::span<const char> data)
{
    guard_.received(data.size());
    const auto taken =
        nghttp2_session_mem_recv(native(), reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
    wake_writer();
    const bool flooded = taken == NGHTTP2_ERR_FLOODED || guard_.exceeded(Clock::now()) ||
                         nghttp2_session_get_outbound_queue_size(native()) > most_queued;
    if (flooded) {
        nghttp2_session_terminate_session(native(), NGHTTP2_ENHANCE_YOUR_CALM);
    } else if (taken < 0) {
        nghttp2_session_terminate_session(native(), NGHTTP2_PROTOCOL_ERROR);
    }
    return taken >= 0 && !flooded;
}

void Http2Session::end_soon()
{
    if (!std::exchange(ending_, true)) {
        tasks_.spawn("http2_go_away", go_away());
    }
}

boost::asio::awaitable<void> Http2Session::go_away()
{
    nghttp2_submit_shutdown_notice(native());
    wake_writer();
    co_await base::sleep_for(time_under_way);
    nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(native()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    wake_writer();
}

// GOAWAY, so that the client knows that nothing is lost.
boost::asio::awaitable<void> Http2Session::say_goodbye()
{
    const auto deadline = Clock::now() + std::chrono::seconds(2);
    nghttp2_session_terminate_session(native(), NGHTTP2_NO_ERROR);  // Unless it has been terminated already.
    wake_writer();
    for (bool in_time = true; in_time && !writer_ended_;) {
        in_time = co_await goodbye_said_.wait_until(deadline);
    }
}

boost::asio::awaitable<void> Http2Session::close(bool orderly)
{
    co_await tasks_.stop();
    for (auto& [id, exchange] : streams_) {
        exchange->on_closed();
    }
    streams_.clear();
    if (orderly) {
        co_await stream_->shutdown();
    } else {
        stream_->close();
    }
}

void Http2Session::set_deadline()
{
    if (writing_) {
        return;
    }
    if (requests_ > 0) {
        stream_->set_deadline(Clock::time_point::max());  // Their exchanges have limits of their own.
    } else {
        const bool head_begun = !streams_.empty();
        stream_->set_deadline(head_begun ? head_due_ : Clock::now() + limits_.idle_time);
    }
}

void Http2Session::gather_output()
{
    output_.clear();
    while (output_.size() < h2_write_size) {
        const std::uint8_t* data = nullptr;
        const auto size = nghttp2_session_mem_send(native(), &data);
        if (size <= 0) {
            return;
        }
        output_.append(text(data, static_cast<std::size_t>(size)));
    }
}

boost::asio::awaitable<void> Http2Session::write_loop()
{
    for (;;) {
        gather_output();
        if (output_.empty()) {
            const bool finished =
                nghttp2_session_want_read(native()) == 0 && nghttp2_session_want_write(native()) == 0;
            if (finished) {
                co_await stream_->shutdown();
                break;
            }
            co_await writable_.wait_until(Clock::time_point::max());
            continue;
        }
        writing_ = true;
        stream_->set_deadline(Clock::now() + limits_.write_time);
        const auto written = co_await stream_->write(std::span<const char>(output_));
        writing_ = false;
        set_deadline();
        if (!written) {
            stream_->close();
            break;
        }
    }
    writer_ended_ = true;
    goodbye_said_.notify();
}

Http2Exchange* Http2Session::find(std::int32_t stream_id)
{
    const auto found = streams_.find(stream_id);
    return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Session::begin(std::int32_t stream_id)
{
    if (streams_.size() == requests_) {
        head_due_ = Clock::now() + limits_.head_time;
    }
    streams_.emplace(stream_id, std::make_shared<Http2Exchange>(*this, stream_id));
}

void Http2Session::dispatch(std::int32_t stream_id)
{
    // Streams that the client reset at once leave their handlers behind for a moment; such floods are turned
    // away.
    if (handlers_ >= 2 * max_streams) {
        nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
        return;
    }
    if (++served_ == limits_.requests) {
        nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_NO_ERROR, nullptr, 0);
    }
    const auto& exchange = streams_.at(stream_id);
    exchange->on_dispatched();
    ++requests_;
    tasks_.spawn("http2_request", serve(exchange));
}

boost::asio::awaitable<void> Http2Session::serve(std::shared_ptr<Http2Exchange> exchange)
{
    const base::Counted count(handlers_);
    co_await handler_.handle(*exchange);
    if (!exchange->answered()) {
        co_await exchange->complete();
    }
    exchange->let_go();
    if (!std::exchange(watching_, true)) {
        tasks_.spawn("http2_stuck_streams", end_stuck_streams());
    }
}

boost::asio::awaitable<void> Http2Session::end_stuck_streams()
{
    while (!streams_.empty()) {
        co_await base::sleep_for(limits_.write_time / looks_each_limit);
        for (const auto& [id, exchange] : streams_) {
            exchange->end_if_stuck(Clock::now());
        }
    }
    watching_ = false;
}

void Http2Session::ended(std::int32_t stream_id)
{
    const auto found = streams_.find(stream_id);
    if (found != streams_.end()) {
        const auto exchange = found->second;
        streams_.erase(found);
        requests_ -= exchange->dispatched() ? 1 : 0;
        if (exchange->abandoned_by_client()) {
            guard_.abandoned(Clock::now());
        }
        exchange->on_closed();
        set_deadline();
    }
}

void Http2Session::consumed(std::int32_t stream_id, std::size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    if (nghttp2_session_consume_connection(native(), bytes) == 0 && find(stream_id) != nullptr) {
        nghttp2_session_consume_stream(native(), stream_id, bytes);
    }
    wake_writer();
}

boost::asio::awaitable<void> serve_http2(std::unique_ptr<net::Stream> stream, Handler& handler,
                                         const ServerLimits& limits)
{
    Http2Session session(std::move(stream), handler, limits);
    std::exception_ptr stopped;
    handler.serves(&session);
    try {
        co_await session.run();
    } catch (...) {
        stopped = std::current_exception();
    }
    handler.serves(nullptr);
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await session.close(!stopped);
    if (stopped) {
        std::rethrow_exception(stopped);
    }
}

boost::asio::awaitable<void> serve_http(std::unique_ptr<net::Stream> stream, Handler& handler,
                                        const ServerLimits& limits)
{
    if (stream->facts().alpn == "h2") {
        co_await serve_http2(std::move(stream), handler, limits);
    } else {
        co_await serve_http1(std::move(stream), handler, limits);
    }
}

}  // namespace http
