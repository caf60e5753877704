// What a server makes of octets from a client: the requests that reach its handler, and their bodies.
#pragma once

#include "http/server.h"
#include "memory_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cstdlib>
#include <exception>

namespace fuzz {

class Seen final : public http::Handler {
public:
    boost::asio::awaitable<void> handle(http::Exchange& exchange) override
    {
        const auto& request = exchange.request();
        std::string body;
        bool whole = false;
        std::array<char, 100> buffer;
        while (true) {
            const auto count = co_await exchange.read_body(buffer);
            if (!count || *count == 0) {
                whole = count.has_value();
                break;
            }
            body.append(buffer.data(), *count);
        }
        check(request);
        requests += request.method + ' ' + request.authority + ' ' + request.target + '\n';
        requests += whole ? body + '.' : "!";  // How much of a broken one arrives is chance.
        for (const auto& [name, value] : exchange.request_trailers().fields()) {
            requests += name + ':' + value + '\n';
        }
        static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", "ok\n"));
    }

    std::string requests;

private:
    // Nothing that could break out of its line behind us.
    static void check(const http::RequestHead& request)
    {
        constexpr std::string_view breaks("\r\n\0", 3);
        bool bad = request.target.empty() || request.method.empty() ||
                   request.method.find_first_of(" \t\r\n") != std::string::npos ||
                   request.target.find_first_of(" \t\r\n") != std::string::npos ||
                   request.authority.find_first_of("/@ \t\r\n") != std::string::npos;
        for (const auto& [name, value] : request.headers.fields()) {
            bad = bad || name.empty() || name.find_first_of(": \t\r\n") != std::string::npos ||
                  value.find_first_of(breaks) != std::string::npos;
        }
        if (bad) {
            std::abort();
        }
    }
};

using Serve = boost::asio::awaitable<void> (*)(std::unique_ptr<net::Stream>, http::Handler&,
                                               const http::ServerLimits&);

// Serves `input`, which arrives in pieces of that size.
inline std::string requests_seen(Serve serve, std::string_view input, std::size_t piece)
{
    boost::asio::io_context loop(1);
    Seen seen;
    const http::ServerLimits limits;
    auto stream = std::make_unique<MemoryStream>(loop.get_executor(), input, piece);
    boost::asio::co_spawn(loop, serve(std::move(stream), seen, limits),
                          [](const std::exception_ptr& failure) {
                              if (failure) {
                                  std::rethrow_exception(failure);
                              }
                          });
    loop.run();
    return std::move(seen.requests);
}

}  // namespace fuzz
