// Http2Session: one HTTP/2 connection as a server (RFC 9113), by nghttp2.
#pragma once

#include "base/task_group.h"
#include "http/event.h"
#include "http/http2_guard.h"
#include "http/server.h"

#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <span>
#include <string>

namespace http {

class Http2Exchange;

struct FreeHttp2Session {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

// A reader feeds nghttp2, whose callbacks start a task for each request; a writer takes what nghttp2 has to
// send, in large pieces, so that one slow client stops its own streams only. Runs on one executor: no locks.
class Http2Session final : public Endable {
public:
    Http2Session(std::unique_ptr<net::Stream> stream, Handler& handler, const ServerLimits& limits);
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;
    ~Http2Session();

    // GOAWAY in two steps (RFC 9113 6.8): first a warning, then, when what was under way has come in, the
    // last stream.
    void end_soon() override;

    // Until the connection ends. Then close().
    boost::asio::awaitable<void> run();
    // Stops every request and ends the connection, at once unless `orderly`. REQUIRES: awaited before
    // destruction.
    boost::asio::awaitable<void> close(bool orderly);

    // For exchanges.
    nghttp2_session* native() { return session_.get(); }
    net::Stream& stream() { return *stream_; }
    const ServerLimits& limits() const { return limits_; }
    // There is something to send.
    void wake_writer() { writable_.notify(); }
    // Gives room back to the client's flow control.
    void consumed(std::int32_t stream_id, std::size_t bytes);
    void carried(std::size_t bytes) { guard_.carried(bytes); }

private:
    friend struct Http2Callbacks;

    base::Result<void> start();
    boost::asio::awaitable<void> write_loop();
    boost::asio::awaitable<void> serve(std::shared_ptr<Http2Exchange> exchange);
    // Streams whose handlers have ended and whose clients do not take the answer. Ends when there are none.
    boost::asio::awaitable<void> end_stuck_streams();
    void begin(std::int32_t stream_id);
    void dispatch(std::int32_t stream_id);
    void ended(std::int32_t stream_id);
    Http2Exchange* find(std::int32_t stream_id);
    void gather_output();
    // Takes in what the client sent; false when the connection must end.
    bool feed(std::span<const char> data);
    void set_deadline();
    boost::asio::awaitable<void> say_goodbye();
    boost::asio::awaitable<void> go_away();

    std::unique_ptr<net::Stream> stream_;
    Handler& handler_;
    const ServerLimits& limits_;
    std::unique_ptr<nghttp2_session, FreeHttp2Session> session_;
    std::map<std::int32_t, std::shared_ptr<Http2Exchange>> streams_;
    std::string output_;
    Event writable_;
    Event goodbye_said_;
    Http2Guard guard_;
    std::size_t requests_ = 0;  // of streams_: those whose head has ended
    std::chrono::steady_clock::time_point head_due_{};
    std::size_t handlers_ = 0;
    std::size_t served_ = 0;
    bool writing_ = false;
    bool writer_ended_ = false;
    bool watching_ = false;  // end_stuck_streams() runs
    bool ending_ = false;
    base::TaskGroup tasks_;
};

}  // namespace http
