#include "nameserver/sockets.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace nameserver {

namespace asio = boost::asio;

namespace {

constexpr int attempts_for_any_port = 20;
constexpr int udp_buffer =
    4 * 1024 * 1024;  // a burst of queries waits instead of being lost; the kernel may give less
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

std::string text_of(const Endpoint& where)
{
    const auto address = where.address().to_string();
    return where.address().is_v6() ? fmt::format("[{}]:{}", address, where.port())
                                   : fmt::format("{}:{}", address, where.port());
}

// With 0.0.0.0 or [::] the kernel tells which address was asked, so that the reply can come from it.
void ask_for_destination(asio::ip::udp::socket& socket, const Endpoint& where)
{
    const int on = 1;
    if (!where.address().is_unspecified()) {
        return;
    }
    if (where.address().is_v4()) {
        setsockopt(socket.native_handle(), IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    } else {
        setsockopt(socket.native_handle(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    }
}

enum class Sharing { alone, with_other_loops };

template <class Socket, class Protocol>
boost::system::error_code bind_to(Socket& socket, const Protocol& protocol, const Endpoint& where,
                                  Sharing sharing)
{
    boost::system::error_code code;
    socket.open(protocol, code);
    if (code) {
        return code;
    }
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    if (where.address().is_v6()) {
        socket.set_option(asio::ip::v6_only(true), code);
    }
    socket.set_option(ReusePort(sharing == Sharing::with_other_loops), code);
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
        socket.set_option(asio::socket_base::reuse_address(true),
                          code);  // Connections of a former process may linger.
    }
    socket.bind(typename Protocol::endpoint(where.address(), where.port()), code);
    return code;
}

boost::system::error_code open_both(Sockets& sockets, const Endpoint& where)
{
    const bool v4 = where.address().is_v4();
    if (const auto code = bind_to(sockets.udp, v4 ? asio::ip::udp::v4() : asio::ip::udp::v6(), where,
                                  Sharing::with_other_loops)) {
        return code;
    }
    boost::system::error_code code;
    sockets.udp.set_option(asio::socket_base::receive_buffer_size(udp_buffer), code);
    ask_for_destination(sockets.udp, where);
    const Endpoint same(where.address(), sockets.udp.local_endpoint().port());
    if (const auto failed = bind_to(sockets.tcp, same.protocol(), same, Sharing::with_other_loops)) {
        return failed;
    }
    sockets.tcp.listen(asio::socket_base::max_listen_connections, code);
    return code;
}

}  // namespace

base::Result<> check_free(const Endpoint& where)
{
    asio::io_context loop(1);
    asio::ip::udp::socket udp(loop);
    asio::ip::tcp::acceptor tcp(loop);
    if (const auto code = bind_to(udp, where.address().is_v4() ? asio::ip::udp::v4() : asio::ip::udp::v6(),
                                  where, Sharing::alone)) {
        return base::fail(explain_bind(where, code));
    }
    if (const auto code = bind_to(tcp, where.protocol(), where, Sharing::alone)) {
        return base::fail(explain_bind(where, code));
    }
    return {};
}

base::Result<Sockets> open_sockets(asio::io_context& loop, const Endpoint& where)
{
    boost::system::error_code code;
    for (int attempt = 0; attempt < attempts_for_any_port; ++attempt) {
        Sockets sockets{asio::ip::udp::socket(loop), asio::ip::tcp::acceptor(loop)};
        code = open_both(sockets, where);
        if (!code) {
            return sockets;
        }
        if (where.port() != 0 || code != asio::error::address_in_use) {
            break;
        }
    }
    return base::fail(explain_bind(where, code));
}

base::Result<asio::ip::udp::socket> adopt_udp(asio::io_context& loop, const Endpoint& where,
                                              net::Descriptor file)
{
    asio::ip::udp::socket socket(loop);
    boost::system::error_code code;
    socket.assign(where.address().is_v6() ? asio::ip::udp::v6() : asio::ip::udp::v4(), file.get(), code);
    if (code) {
        return base::fail(explain_bind(where, code));
    }
    file.release();
    socket.native_non_blocking(true, code);
    socket.set_option(asio::socket_base::receive_buffer_size(udp_buffer), code);
    ask_for_destination(socket, where);
    return socket;
}

base::Result<asio::ip::tcp::acceptor> adopt_tcp(asio::io_context& loop, const Endpoint& where,
                                                net::Descriptor file)
{
    asio::ip::tcp::acceptor acceptor(loop);
    boost::system::error_code code;
    acceptor.assign(where.protocol(), file.get(), code);
    if (code) {
        return base::fail(explain_bind(where, code));
    }
    file.release();
    acceptor.native_non_blocking(true, code);
    return acceptor;
}

base::Error explain_bind(const Endpoint& where, const boost::system::error_code& code)
{
    const std::string address = text_of(where);
    if (code == asio::error::address_in_use) {
        return base::Error(
                   base::Errc::conflict,
                   fmt::format("the name server cannot listen on {}: another program has this port", address))
            .with_code("port_in_use")
            .with_fix(fmt::format(
                "find it with: ss -lntup 'sport = :{}'. systemd-resolved holds only 127.0.0.53: give "
                "--dns-listen the public address instead of 0.0.0.0. Another name server on this machine has "
                "to move or stop.",
                where.port()));
    }
    if (code == asio::error::access_denied) {
        return base::Error(
                   base::Errc::unauthorized,
                   fmt::format("the name server may not listen on {}: ports below 1024 are privileged",
                               address))
            .with_code("port_privileged")
            .with_fix(
                "start it by the systemd unit, which grants CAP_NET_BIND_SERVICE, or run: setcap "
                "cap_net_bind_service=+ep on the program; or choose another port with --dns-listen and "
                "forward 53 to it.");
    }
    if (code == boost::system::errc::address_not_available) {
        return base::Error(
                   base::Errc::invalid,
                   fmt::format("the name server cannot listen on {}: this machine does not have that address",
                               address))
            .with_code("address_not_local")
            .with_fix(
                "behind NAT, give --dns-listen the private address of this machine, and forward port 53, UDP "
                "and TCP, to it.");
    }
    return base::Error(base::Errc::unavailable,
                       fmt::format("the name server cannot listen on {}: {}", address, code.message()));
}

}  // namespace nameserver
