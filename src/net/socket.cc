#include "net/socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace net {

namespace {

using Clock = std::chrono::steady_clock;

Attempt failed_attempt()
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return Attempt{Attempt::Outcome::again, 0, 0};
    }
    return Attempt{Attempt::Outcome::failed, 0, errno};
}

}  // namespace

struct Socket::Alarm {
    explicit Alarm(const asio::any_io_executor& executor, Socket* socket) : timer(executor), owner(socket) {}

    asio::steady_timer timer;
    Socket* owner;
    Clock::time_point armed = Clock::time_point::max();
};

base::Error peer_error(int error)
{
    switch (error) {
        case ECONNRESET:
            return base::Error(base::Errc::unavailable, "the peer reset the connection")
                .with_code("peer_gone");
        case EPIPE:
        case ENOTCONN:
            return base::Error(base::Errc::unavailable, "the peer closed the connection")
                .with_code("peer_gone");
        case ECONNREFUSED:
            return base::Error(base::Errc::unavailable, "connection refused").with_code("connect_refused");
        case EBADF:
            return base::Error(base::Errc::unavailable, "the connection is closed").with_code("peer_gone");
        default:
            return base::Error(base::Errc::unavailable,
                               "the connection failed: " + std::generic_category().message(error));
    }
}

Socket::Socket(asio::ip::tcp::socket socket) : socket_(std::move(socket))
{
    boost::system::error_code ignored;
    socket_.native_non_blocking(true, ignored);
}

Socket::~Socket()
{
    if (alarm_) {
        alarm_->owner = nullptr;
        alarm_->timer.cancel();
    }
}

Attempt Socket::receive(std::span<char> buffer)
{
    if (drained_) {
        return Attempt{Attempt::Outcome::again, 0, 0};
    }
    const auto got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        return failed_attempt();
    }
    const auto bytes = static_cast<std::size_t>(got);
    drained_ = bytes > 0 && bytes < buffer.size();
    return Attempt{Attempt::Outcome::done, bytes, 0};
}

Attempt Socket::send(std::span<const char> data)
{
    const auto sent = ::send(socket_.native_handle(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        return failed_attempt();
    }
    return Attempt{Attempt::Outcome::done, static_cast<std::size_t>(sent), 0};
}

Attempt Socket::send(const iovec* pieces, std::size_t count)
{
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);  // sendmsg only reads it
    message.msg_iovlen = count;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
        return failed_attempt();
    }
    return Attempt{Attempt::Outcome::done, static_cast<std::size_t>(sent), 0};
}

base::Task<> Socket::wait(asio::ip::tcp::socket::wait_type what)
{
    if (expired_) {
        co_return base::fail(base::Errc::timeout, "timed out");
    }
    arm();
    // Deferred: awaited without a coroutine frame of its own.
    const auto [error] = co_await socket_.async_wait(what, asio::as_tuple(asio::deferred));
    if (what == asio::ip::tcp::socket::wait_read) {
        drained_ = false;
    }
    if (!error) {
        co_return base::Result<>();
    }
    if (expired_) {
        co_return base::fail(base::Errc::timeout, "timed out");
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    co_return base::fail(peer_error(error == asio::error::operation_aborted ? EBADF : error.value()));
}

base::Task<> Socket::connect(Endpoint where)
{
    const int started =
        ::connect(socket_.native_handle(), where.data(), static_cast<socklen_t>(where.size()));
    if (started == 0) {
        co_return base::Result<>();
    }
    if (errno != EINPROGRESS) {
        co_return base::fail(peer_error(errno));
    }
    CO_CHECKED(co_await wait_writable());
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        co_return base::fail(peer_error(error));
    }
    co_return base::Result<>();
}

void Socket::set_deadline(Clock::time_point when)
{
    deadline_ = when;
    expired_ = false;
}

void Socket::arm()
{
    if (deadline_ == Clock::time_point::max()) {
        return;
    }
    if (!alarm_) {
        alarm_ = std::make_shared<Alarm>(socket_.get_executor(), this);
    }
    if (alarm_->armed <= deadline_) {
        return;
    }
    alarm_->armed = deadline_;
    alarm_->timer.expires_at(deadline_);
    alarm_->timer.async_wait([alarm = alarm_](const boost::system::error_code& error) {
        if (!error && alarm->owner != nullptr) {
            alarm->owner->alarm_rang();
        }
    });
}

void Socket::alarm_rang()
{
    alarm_->armed = Clock::time_point::max();
    if (Clock::now() < deadline_) {
        arm();
        return;
    }
    expired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Socket::end_sending()
{
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> Socket::drain()
{
    constexpr std::size_t most_at_once = 1024 * 1024;
    constexpr std::size_t most = 64 * most_at_once;
    std::size_t all = 0;
    const auto waste = std::make_unique_for_overwrite<char[]>(16 * 1024);
    for (auto waited = base::Result<>(); waited && all < most; waited = co_await wait_readable()) {
        for (std::size_t dropped = 0; dropped < most_at_once;) {
            const auto attempt = receive({waste.get(), 16 * 1024});
            if (attempt.outcome == Attempt::Outcome::again) {
                break;
            }
            if (attempt.outcome == Attempt::Outcome::failed || attempt.bytes == 0) {
                co_return;
            }
            dropped += attempt.bytes;
            all += attempt.bytes;
        }
    }
}

void Socket::close()
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

asio::ip::tcp::socket Socket::release()
{
    return std::move(socket_);
}

bool Socket::quiet()
{
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Socket::peer_ended()
{
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Endpoint Socket::local() const
{
    boost::system::error_code ignored;
    return socket_.local_endpoint(ignored);
}

Endpoint Socket::remote() const
{
    boost::system::error_code ignored;
    return socket_.remote_endpoint(ignored);
}

}  // namespace net
