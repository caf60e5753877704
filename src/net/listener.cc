#include "net/listener.h"

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>

namespace net {

namespace {

namespace ip = asio::ip;

base::Error bad_endpoint(std::string_view text)
{
    return base::Error(base::Errc::invalid, fmt::format("\"{}\" is not an address with a port", text))
        .with_code("bad_endpoint")
        .with_fix("write for example 127.0.0.1:80, [::1]:443 or :80");
}

base::Error cannot_listen(const Endpoint& where, const boost::system::error_code& error)
{
    const auto name = to_string(where);
    if (error == asio::error::address_in_use) {
        return base::Error(base::Errc::conflict, fmt::format("cannot listen on {}: the port is in use", name))
            .with_code("port_in_use")
            .with_fix(
                fmt::format("stop the program that uses it (ss -ltnp 'sport = :{}') or choose another port",
                            where.port()));
    }
    if (error == asio::error::access_denied) {
        return base::Error(base::Errc::unauthorized,
                           fmt::format("cannot listen on {}: ports below 1024 need a privilege", name))
            .with_code("port_not_permitted")
            .with_fix(
                "give the service CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), "
                "or choose a port from 1024 on");
    }
    if (error.value() == EADDRNOTAVAIL) {
        return base::Error(base::Errc::invalid,
                           fmt::format("cannot listen on {}: no such address on this machine", name))
            .with_code("address_not_here")
            .with_fix("use an address of this machine (ip address), or 0.0.0.0 or [::] for all");
    }
    return base::Error(base::Errc::internal, fmt::format("cannot listen on {}: {}", name, error.message()))
        .with_code("listen_failed");
}

boost::system::error_code prepare(ip::tcp::acceptor& acceptor, const Endpoint& where, bool shared)
{
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    boost::system::error_code error;
    acceptor.open(where.protocol(), error);
    if (error) {
        return error;
    }
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    acceptor.set_option(ip::tcp::acceptor::reuse_address(true), error);
    if (where.address().is_v6()) {
        acceptor.set_option(ip::v6_only(true), error);
    }
    if (shared && !error) {
        acceptor.set_option(reuse_port(true), error);
    }
    // Linux hands this option on to accepted sockets, which saves a system call for each.
    acceptor.set_option(ip::tcp::no_delay(true), error);
    if (!error) {
        acceptor.bind(where, error);
    }
    if (!error) {
        acceptor.listen(ip::tcp::acceptor::max_listen_connections, error);
    }
    if (!error) {
        acceptor.native_non_blocking(true, error);
    }
    return error;
}

bool is_passing(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN ||
           error == EHOSTUNREACH || error == ENETUNREACH || error == EPERM;
}

base::Error accept_error(int error)
{
    if (error == EMFILE || error == ENFILE) {
        return base::Error(base::Errc::rate_limited, "cannot accept a connection: too many open files")
            .with_code("too_many_files")
            .with_fix("raise the limit of open files (systemd: LimitNOFILE)");
    }
    // A listener lives until it is closed: want of memory passes, as want of files does.
    const bool closed = error == EBADF || error == EINVAL || error == ENOTSOCK;
    return base::Error(closed ? base::Errc::unavailable : base::Errc::rate_limited,
                       "cannot accept a connection: " + std::generic_category().message(error));
}

}  // namespace

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return port;
}

base::Result<Endpoint> parse_endpoint(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return base::fail(bad_endpoint(text));
    }
    const auto port = parse_port(text.substr(colon + 1));
    auto host = text.substr(0, colon);
    if (!port) {
        return base::fail(bad_endpoint(text));
    }
    if (host.empty()) {
        return Endpoint(ip::address_v4::any(), *port);
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(host), error);
    if (error || address.is_v6() != bracketed) {
        return base::fail(bad_endpoint(text));
    }
    return Endpoint(address, *port);
}

base::Result<std::vector<Endpoint>> parse_endpoints(std::string_view text)
{
    TRY(first, parse_endpoint(text));
    std::vector<Endpoint> all{first};
    if (text.starts_with(':')) {
        all.emplace_back(ip::address_v6::any(), first.port());
    }
    return all;
}

std::string to_string(const Endpoint& endpoint)
{
    const auto address = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                      : fmt::format("{}:{}", address, endpoint.port());
}

Listener::Listener(ip::tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

base::Result<Listener> Listener::open(asio::any_io_executor executor, const Endpoint& where, bool shared)
{
    ip::tcp::acceptor acceptor(std::move(executor));
    const auto error = prepare(acceptor, where, shared);
    if (error) {
        return base::fail(cannot_listen(where, error));
    }
    return Listener(std::move(acceptor));
}

base::Result<Listener> Listener::adopt(asio::any_io_executor executor, const Endpoint& where, Descriptor file)
{
    ip::tcp::acceptor acceptor(std::move(executor));
    boost::system::error_code error;
    acceptor.assign(where.protocol(), file.get(), error);
    if (error) {
        return base::fail(accept_error(error.value()));
    }
    file.release();
    acceptor.native_non_blocking(true, error);
    acceptor.set_option(ip::tcp::no_delay(true), error);
    return Listener(std::move(acceptor));
}

Endpoint Listener::where() const
{
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored);
}

base::Task<ip::tcp::socket> Listener::accept()
{
    const auto protocol = where().protocol();
    for (;;) {
        const int handle =
            ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (handle >= 0) {
            ip::tcp::socket socket(acceptor_.get_executor());
            boost::system::error_code error;
            socket.assign(protocol, handle, error);
            if (error) {
                ::close(handle);
                co_return base::fail(accept_error(error.value()));
            }
            co_return std::move(socket);
        }
        if (is_passing(errno)) {
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return base::fail(accept_error(errno));
        }
        boost::system::error_code error;
        co_await acceptor_.async_wait(ip::tcp::acceptor::wait_read,
                                      asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) {
                throw boost::system::system_error(asio::error::operation_aborted);
            }
            co_return base::fail(base::Errc::unavailable, "the listener is closed");
        }
    }
}

void Listener::close()
{
    close_copy(acceptor_);
}

}  // namespace net
