// TcpPort: answers questions over TCP (RFC 7766): pipelined, in order, with an idle limit. Runs on one loop.
#pragma once

#include "base/task_group.h"
#include "nameserver/worker_state.h"

#include <boost/asio/ip/tcp.hpp>

#include <list>

namespace nameserver {

// The connections of a loop, longest idle first.
class TcpConnections {
public:
    struct Connection {
        explicit Connection(boost::asio::ip::tcp::socket a_socket);

        boost::asio::ip::tcp::socket socket;
        base::Bytes address;  // of the client
        std::chrono::steady_clock::time_point active{};
    };
    using Handle = std::list<Connection>::iterator;

    // Makes room first when there are `most` already: the longest idle one is closed.
    Handle add(boost::asio::ip::tcp::socket socket, std::size_t most);
    void touch(Handle connection);
    void remove(Handle connection) { connections_.erase(connection); }
    // Closes those idle since before `since`. Their tasks remove them.
    void close_idle(std::chrono::steady_clock::time_point since);

private:
    std::list<Connection> connections_;
};

class TcpPort {
public:
    // `tasks` runs the connections and ends before this object dies.
    TcpPort(boost::asio::ip::tcp::acceptor acceptor, Shared& shared, LoopCounters& counters,
            const Manners& manners, base::TaskGroup& tasks);

    // Until cancelled or closed.
    boost::asio::awaitable<void> serve();
    void close();
    void close_idle() { connections_.close_idle(std::chrono::steady_clock::now() - shared_.tcp_idle); }

private:
    boost::asio::awaitable<void> serve_connection(TcpConnections::Handle connection);
    boost::asio::awaitable<void> exchange(TcpConnections::Handle connection);
    // Answers the whole questions at the front of `input` into `output`; how many octets of `input` they
    // took.
    std::size_t answer_all(const Asker& asker, base::ByteView input, base::Bytes& output);

    boost::asio::ip::tcp::acceptor acceptor_;
    Shared& shared_;
    LoopCounters& counters_;
    const Manners& manners_;
    base::TaskGroup& tasks_;
    TcpConnections connections_;
    base::Bytes scratch_;  // one reply
};

}  // namespace nameserver
