// One request on an HTTP/1 connection, and the connection's state that outlives it.
#pragma once

#include "http/body_pace.h"
#include "http/body_reader.h"
#include "http/exchange.h"
#include "http/http1_head.h"
#include "http/http1_output.h"
#include "http/input_buffer.h"
#include "http/server.h"

#include <string>

namespace http {

// What the exchanges of one connection share. Runs on one executor: no locks.
struct Http1Link {
    Http1Link(std::unique_ptr<net::Stream> s, const Handler& h, const ServerLimits& l)
        : stream(std::move(s)), handler(h), limits(l)
    {
    }

    void allow(std::chrono::milliseconds time)
    {
        stream->set_deadline(std::chrono::steady_clock::now() + time);
    }

    std::unique_ptr<net::Stream> stream;  // null after an upgrade
    const Handler& handler;
    const ServerLimits& limits;
    InputBuffer input;
    std::string output;  // reused by every answer
};

class Http1Exchange final : public Exchange {
public:
    Http1Exchange(Http1Link& link, ParsedRequest request, bool last);

    const RequestHead& request() const override { return request_.head; }
    const net::ConnectionFacts& connection() const override
    {
        return facts_ ? *facts_ : link_.stream->facts();
    }
    base::Task<std::size_t> read_body(std::span<char> buffer) override;
    std::optional<std::uint64_t> body_length() const override;
    const Headers& request_trailers() const override { return body_.trailers(); }
    bool expects_continue() const override { return continue_due_ && link_.input.empty(); }
    base::Result<> send_head(ResponseHead head) override;
    base::Task<> send_interim(ResponseHead head) override;
    base::Task<> send_body(std::span<const char> data) override;
    base::Task<> send_last(std::span<const char> last) override;
    base::Task<> finish(Headers trailers) override;
    base::Task<> flush() override;
    void reset() override;
    bool abandoned() override;
    std::unique_ptr<net::Stream> upgrade() override;

    // Nothing is left to do for complete(), and the connection may serve another request.
    bool settled() const { return phase_ == Phase::ended && keep_alive_ && body_.ended(); }
    // After the handler: completes or abandons the answer, drops what is left of the request body.
    // True when the connection may serve another request.
    base::Task<bool> complete();

private:
    enum class Phase { waiting, head_kept, body, ended, broken, upgraded };

    bool sends_body() const;
    // Fixes the framing; `whole`: the size of the body when all of it is known.
    base::Result<void> write_head(std::optional<std::uint64_t> whole);
    base::Result<void> frame_body(std::span<const char> data);
    // What is framed already, `data` and `after`, in one write; false when some of it waits in the stream.
    base::Result<bool> write_now(std::span<const char> data, std::string_view after);
    base::Task<> write_out(std::span<const char> data, std::string_view after);
    base::Error not_sent(base::Error error);
    base::Task<bool> drop_body();

    Http1Link& link_;
    ParsedRequest request_;
    BodyReader body_;
    BodyPace pace_;
    ResponseHead head_;
    std::optional<net::ConnectionFacts> facts_;  // kept when the stream has gone to upgrade()'s caller
    OutputFraming framing_;
    Phase phase_ = Phase::waiting;
    std::uint64_t sent_ = 0;
    bool continue_due_ = false;
    bool keep_alive_ = true;
};

}  // namespace http
