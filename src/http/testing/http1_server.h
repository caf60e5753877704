// A server on a loopback port, run by the test's own loop.
#pragma once

#include "base/task_group.h"
#include "http/server.h"
#include "net/listener.h"
#include "support/run.h"

#include <functional>
#include <string>

namespace test {

class FunctionHandler final : public http::Handler {
public:
    using Function = std::function<boost::asio::awaitable<void>(http::Exchange&)>;
    explicit FunctionHandler(Function function) : function_(std::move(function)) {}
    boost::asio::awaitable<void> handle(http::Exchange& exchange) override { return function_(exchange); }

private:
    Function function_;
};

class Http1Server {
public:
    // Over plain TCP: HTTP/1, or HTTP/2 with prior knowledge.
    using Serve = boost::asio::awaitable<void> (*)(std::unique_ptr<net::Stream>, http::Handler&,
                                                   const http::ServerLimits&);
    Http1Server(boost::asio::io_context& loop, http::Handler& handler, Serve serve = http::serve_http1)
        : loop_(loop),
          handler_(handler),
          serve_(serve),
          listener_(
              net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                  .value()),
          tasks_(loop.get_executor())
    {
        tasks_.spawn("accept", accept());
    }
    ~Http1Server() { run(loop_, tasks_.stop()); }

    std::uint16_t port() const { return listener_.where().port(); }
    std::size_t connections() const { return connections_; }

    http::ServerLimits limits;

private:
    boost::asio::awaitable<void> accept()
    {
        for (;;) {
            auto socket = co_await listener_.accept();
            if (!socket) {
                co_return;
            }
            ++connections_;
            tasks_.spawn("serve", serve_(net::make_stream(std::move(*socket)), handler_, limits));
        }
    }

    boost::asio::io_context& loop_;
    http::Handler& handler_;
    Serve serve_;
    net::Listener listener_;
    std::size_t connections_ = 0;
    base::TaskGroup tasks_;
};

// Everything until the peer ends the connection.
inline base::Task<std::string> read_to_end(net::Stream& stream)
{
    std::string all;
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        CO_TRY(count, co_await stream.read_some(buffer));
        if (count == 0) {
            co_return std::move(all);
        }
        all.append(buffer.data(), count);
    }
}

// Sends `bytes` and returns all that comes back until the server closes.
inline base::Task<std::string> talk(std::uint16_t port, std::string bytes)
{
    CO_TRY(stream, co_await net::connect("127.0.0.1", port, std::chrono::seconds(5)));
    stream->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    CO_CHECKED(co_await stream->write(std::span<const char>(bytes)));
    co_return co_await read_to_end(*stream);
}

}  // namespace test
