// MeasuredExchange: passes everything on to another exchange and remembers what was answered, for the access
// log. Runs on one executor: no locks.
#pragma once

#include "http/exchange.h"

namespace edge {

class MeasuredExchange final : public http::Exchange {
public:
    explicit MeasuredExchange(http::Exchange& inner) : inner_(inner) {}

    int status() const { return status_; }                 // 0: no answer
    std::uint64_t body_octets() const { return octets_; }  // given to send

    const http::RequestHead& request() const override { return inner_.request(); }
    const net::ConnectionFacts& connection() const override { return inner_.connection(); }
    base::Task<std::size_t> read_body(std::span<char> buffer) override { return inner_.read_body(buffer); }
    std::optional<std::uint64_t> body_length() const override { return inner_.body_length(); }
    const http::Headers& request_trailers() const override { return inner_.request_trailers(); }
    bool expects_continue() const override { return inner_.expects_continue(); }
    base::Task<> send_interim(http::ResponseHead head) override
    {
        return inner_.send_interim(std::move(head));
    }
    base::Result<> send_head(http::ResponseHead head) override
    {
        status_ = head.status;
        head_sent = true;
        return inner_.send_head(std::move(head));
    }
    base::Task<> send_body(std::span<const char> data) override
    {
        octets_ += data.size();
        return inner_.send_body(data);
    }
    base::Task<> finish(http::Headers trailers) override { return inner_.finish(std::move(trailers)); }
    base::Task<> send_last(std::span<const char> last) override
    {
        octets_ += last.size();
        return inner_.send_last(last);
    }
    base::Task<> flush() override { return inner_.flush(); }
    void reset() override { inner_.reset(); }
    bool abandoned() override { return inner_.abandoned(); }
    void when_abandoned(std::function<void()> tell) override { inner_.when_abandoned(std::move(tell)); }
    std::unique_ptr<net::Stream> upgrade() override { return inner_.upgrade(); }

private:
    http::Exchange& inner_;
    int status_ = 0;
    std::uint64_t octets_ = 0;
};

}  // namespace edge
