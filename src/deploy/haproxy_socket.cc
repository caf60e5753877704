#include "deploy/haproxy_socket.h"

#include "net/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace deploy {

namespace asio = boost::asio;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t longest_path = 107;           // sun_path
constexpr std::size_t largest_answer = 256U << 20;  // a million certificates have long lists

base::Error unreachable(const std::string& where, const boost::system::error_code& code)
{
    if (code == asio::error::operation_aborted) {
        throw boost::system::system_error(code);
    }
    return base::Error(base::Errc::unavailable,
                       fmt::format("HAProxy cannot be reached at {}: {}", where, code.message()))
        .with_code("haproxy_unreachable")
        .with_fix(
            "See that HAProxy runs, and that its configuration has `stats socket` there with `level admin`.");
}

base::Result<asio::generic::stream_protocol::endpoint> endpoint_of(const std::string& where)
{
    if (where.starts_with('/')) {
        if (where.size() > longest_path) {
            return base::fail(base::Errc::invalid, "the path of HAProxy's socket is too long: " + where);
        }
        return asio::generic::stream_protocol::endpoint(asio::local::stream_protocol::endpoint(where));
    }
    TRY(address, net::parse_endpoint(where));
    return asio::generic::stream_protocol::endpoint(address);
}

}  // namespace

base::Task<std::string> HaproxySocket::ask(std::string command, std::string payload) const
{
    std::string text = payload.empty() ? command + "\n" : fmt::format("{} <<\n{}\n", command, payload);
    co_return co_await base::with_timeout(limit_, converse(std::move(text)));
}

base::Task<std::string> HaproxySocket::converse(std::string text) const
{
    CO_TRY(endpoint, endpoint_of(where_));
    asio::generic::stream_protocol::socket socket(co_await asio::this_coro::executor);
    if (const auto [failed] = co_await socket.async_connect(endpoint, awaited); failed) {
        co_return base::fail(unreachable(where_, failed));
    }
    if (const auto [failed, sent] = co_await asio::async_write(socket, asio::buffer(text), awaited); failed) {
        co_return base::fail(unreachable(where_, failed));
    }
    std::string answer;
    std::array<char, 16'384> piece{};
    while (answer.size() < largest_answer) {
        const auto [failed, got] = co_await socket.async_read_some(asio::buffer(piece), awaited);
        answer.append(piece.data(), got);
        if (failed == asio::error::eof) {
            co_return answer;
        }
        if (failed) {
            co_return base::fail(unreachable(where_, failed));
        }
    }
    co_return base::fail(base::Errc::invalid, "HAProxy's answer is too long");
}

}  // namespace deploy
