// One HTTP/2 stream as an Exchange.
#pragma once

#include "http/body_pace.h"
#include "http/event.h"
#include "http/exchange.h"
#include "http/http2_session.h"

#include <optional>
#include <string>
#include <vector>

namespace http {

// Runs on one executor: no locks. The session calls the on_... functions from nghttp2's callbacks.
class Http2Exchange final : public Exchange {
public:
    Http2Exchange(Http2Session& session, std::int32_t id);

    const RequestHead& request() const override { return request_; }
    const net::ConnectionFacts& connection() const override { return session_.stream().facts(); }
    base::Task<std::size_t> read_body(std::span<char> buffer) override;
    std::optional<std::uint64_t> body_length() const override { return body_length_; }
    const Headers& request_trailers() const override { return trailers_; }
    bool expects_continue() const override { return continue_due_ && !request_ended_ && input_.empty(); }
    base::Result<> send_head(ResponseHead head) override;
    base::Task<> send_interim(ResponseHead head) override;
    base::Task<> send_body(std::span<const char> data) override;
    base::Task<> send_last(std::span<const char> last) override;
    base::Task<> finish(Headers trailers) override;
    base::Task<> flush() override;
    void reset() override;
    bool abandoned() override { return closed_ && !answer_sent_; }
    void when_abandoned(std::function<void()> tell) override { tell_abandoned_ = std::move(tell); }
    std::unique_ptr<net::Stream> upgrade() override { return nullptr; }

    std::int32_t id() const { return id_; }
    // False when the field is malformed or one too many.
    bool on_field(std::string_view name, std::string_view value);
    // False when the head makes no request.
    bool on_head_end();
    void on_dispatched() { dispatched_ = true; }
    bool dispatched() const { return dispatched_; }
    void on_data(std::string_view data);
    void on_request_end()
    {
        request_ended_ = true;
        arrived_.notify();
    }
    void on_answer_sent() { answer_sent_ = true; }
    // The stream has ended without an answer, and not because our side failed.
    bool abandoned_by_client() const { return !answer_sent_ && !failed_; }
    void on_closed();
    // Moves body bytes into a DATA frame, as nghttp2_data_source_read_callback.
    ssize_t fill_frame(std::uint8_t* out, std::size_t room, std::uint32_t* flags);
    // The handler has answered.
    bool answered() const { return phase_ == Phase::ended; }
    // After a handler that has not: answers or resets what it left open.
    boost::asio::awaitable<void> complete();
    // Then: drops what is left of the request, and what still comes of it.
    void let_go();
    // Afterwards: ends the stream when the client has taken nothing of the answer for too long.
    void end_if_stuck(std::chrono::steady_clock::time_point now);

private:
    enum class Phase { waiting, head_kept, body, ended };

    base::Result<void> submit_head(bool with_body);
    base::Task<> queue(std::span<const char> data);
    base::Error gone() const;
    bool has_body();
    void drop_input();
    void drop(std::size_t bytes);
    // Ends the stream after a full answer, although the client would send more (RFC 9113 8.1).
    void stop_request();

    Http2Session& session_;
    const std::int32_t id_;
    RequestHead request_;
    Headers trailers_;
    std::string cookies_;
    std::optional<std::uint64_t> body_length_;
    std::size_t head_bytes_ = 0;
    bool head_done_ = false;
    bool dispatched_ = false;  // to the handler
    bool request_ended_ = false;
    bool continue_due_ = false;
    bool closed_ = false;
    bool abandoned_ = false;  // the handler has ended: what arrives is dropped
    bool answer_sent_ = false;
    bool failed_ = false;  // reset by our side
    std::size_t dropped_ = 0;
    BodyPace pace_;
    Phase phase_ = Phase::waiting;
    std::function<void()> tell_abandoned_;
    std::chrono::steady_clock::time_point progress_{};  // of the answer, once the handler has ended
    ResponseHead head_;
    Headers answer_trailers_;
    std::string input_;
    std::size_t input_used_ = 0;
    std::string output_;
    std::size_t output_used_ = 0;
    bool output_ends_ = false;
    bool deferred_ = false;
    Event arrived_;  // a body piece, its end
    Event drained_;  // room in output_
};

}  // namespace http
