#include "nameserver/tcp_port.h"

#include "base/task.h"
#include "net/descriptor.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace nameserver {

namespace asio = boost::asio;

namespace {

constexpr std::size_t largest_message = 65'535;
constexpr std::size_t read_space = 4'096;
constexpr std::size_t write_at_once =
    65'536;  // questions beyond this wait until the client has taken the replies
constexpr auto pause_after_failed_accept =
    std::chrono::milliseconds(100);  // out of descriptors: others must end first

}  // namespace

TcpConnections::Connection::Connection(asio::ip::tcp::socket a_socket) : socket(std::move(a_socket))
{
    boost::system::error_code gone;
    const auto from = socket.remote_endpoint(gone).address();
    if (from.is_v4()) {
        const auto octets = from.to_v4().to_bytes();
        address.assign(octets.begin(), octets.end());
    } else {
        const auto octets = from.to_v6().to_bytes();
        address.assign(octets.begin(), octets.end());
    }
}

TcpConnections::Handle TcpConnections::add(asio::ip::tcp::socket socket, std::size_t most)
{
    if (connections_.size() >= most) {
        const auto open =
            std::ranges::find_if(connections_, [](const Connection& each) { return each.socket.is_open(); });
        if (open != connections_.end()) {
            boost::system::error_code ignored;
            open->socket.close(ignored);
        }
    }
    const auto added = connections_.emplace(connections_.end(), std::move(socket));
    added->active = std::chrono::steady_clock::now();
    return added;
}

void TcpConnections::touch(Handle connection)
{
    connection->active = std::chrono::steady_clock::now();
    connections_.splice(connections_.end(), connections_, connection);
}

void TcpConnections::close_idle(std::chrono::steady_clock::time_point since)
{
    for (auto& connection : connections_) {
        if (connection.active >= since) {
            return;
        }
        boost::system::error_code ignored;
        connection.socket.close(ignored);
    }
}

TcpPort::TcpPort(asio::ip::tcp::acceptor acceptor, Shared& shared, LoopCounters& counters,
                 const Manners& manners, base::TaskGroup& tasks)
    : acceptor_(std::move(acceptor)),
      shared_(shared),
      counters_(counters),
      manners_(manners),
      tasks_(tasks),
      scratch_(largest_message)
{
}

void TcpPort::close()
{
    net::close_copy(acceptor_);
}

asio::awaitable<void> TcpPort::serve()
{
    while (acceptor_.is_open()) {
        boost::system::error_code code;
        asio::ip::tcp::socket socket(acceptor_.get_executor());
        co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, code));
        if (code) {
            co_await base::sleep_for(pause_after_failed_accept);
            continue;
        }
        socket.set_option(asio::ip::tcp::no_delay(true), code);
        counters_.tcp_connections.add();
        tasks_.spawn("dns_tcp",
                     serve_connection(connections_.add(std::move(socket), shared_.tcp_connections)));
    }
}

asio::awaitable<void> TcpPort::serve_connection(TcpConnections::Handle connection)
{
    struct Leave {
        TcpConnections& connections;
        TcpConnections::Handle connection;
        ~Leave() { connections.remove(connection); }
    } leave{connections_, connection};
    co_await exchange(connection);
}

asio::awaitable<void> TcpPort::exchange(TcpConnections::Handle connection)
{
    base::Bytes input(read_space);
    base::Bytes output;
    const Asker asker(dns::Transport::tcp, connection->address, manners_);
    std::size_t held = 0;
    boost::system::error_code code;
    while (true) {
        const std::size_t used = answer_all(asker, base::ByteView(input).first(held), output);
        std::copy(input.begin() + static_cast<std::ptrdiff_t>(used),
                  input.begin() + static_cast<std::ptrdiff_t>(held), input.begin());
        held -= used;
        if (!output.empty()) {
            connections_.touch(connection);
            co_await asio::async_write(connection->socket, asio::buffer(output),
                                       asio::redirect_error(asio::use_awaitable, code));
            output.clear();
            if (code) {
                co_return;
            }
            continue;
        }
        if (held == input.size()) {
            input.resize(largest_message + 2);
        }
        auto space = asio::buffer(input) + held;
        const std::size_t size = co_await connection->socket.async_read_some(
            space, asio::redirect_error(asio::use_awaitable, code));
        if (code) {
            co_return;
        }
        held += size;
    }
}

std::size_t TcpPort::answer_all(const Asker& asker, base::ByteView input, base::Bytes& output)
{
    std::size_t at = 0;
    while (input.size() - at >= 2 && output.size() < write_at_once) {
        const std::size_t size = static_cast<std::size_t>(input[at]) << 8 | input[at + 1];
        if (input.size() - at - 2 < size) {
            break;
        }
        const Reply reply = answer(shared_.data, shared_.clock, input.subspan(at + 2, size), asker, scratch_);
        counters_.tcp_queries.add();
        counters_.count(reply);
        at += 2 + size;
        if (reply.size > 0) {
            output.push_back(static_cast<std::uint8_t>(reply.size >> 8));
            output.push_back(static_cast<std::uint8_t>(reply.size));
            output.insert(output.end(), scratch_.begin(),
                          scratch_.begin() + static_cast<std::ptrdiff_t>(reply.size));
        }
    }
    return at;
}

}  // namespace nameserver
