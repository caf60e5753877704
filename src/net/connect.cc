#include "net/address_memory.h"
#include "net/socket.h"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace net {

namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::vector<asio::ip::address>;

// A name lookup whose waiter may leave before the operating system's resolver answers.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), ended(executor) {}

    asio::ip::tcp::resolver resolver;
    asio::steady_timer ended;
    Addresses addresses;
    boost::system::error_code error;
    bool done = false;
};

void start(const std::shared_ptr<Lookup>& lookup, const std::string& host)
{
    lookup->resolver.async_resolve(
        host, "",
        [lookup](const boost::system::error_code& error, const asio::ip::tcp::resolver::results_type& found) {
            lookup->error = error;
            for (const auto& entry : found) {
                lookup->addresses.push_back(entry.endpoint().address());
            }
            lookup->done = true;
            lookup->ended.cancel();
        });
}

base::Task<Addresses> resolve(std::string host, Clock::time_point deadline)
{
    boost::system::error_code not_literal;
    const auto literal = asio::ip::make_address(host, not_literal);
    if (!not_literal) {
        co_return Addresses{literal};
    }
    auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
    lookup->ended.expires_at(deadline);
    start(lookup, host);
    boost::system::error_code ended;
    co_await lookup->ended.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!lookup->done) {
        lookup->resolver.cancel();
        co_return base::fail(base::Errc::timeout, fmt::format("looking up {} timed out", host));
    }
    if (lookup->error || lookup->addresses.empty()) {
        co_return base::fail(
            base::Error(base::Errc::unavailable,
                        fmt::format("the name {} has no address: {}", host, lookup->error.message()))
                .with_code("name_not_found")
                .with_fix(fmt::format("check the DNS records of {}", host)));
    }
    co_return std::move(lookup->addresses);
}

base::Result<asio::ip::tcp::socket> open_socket(const asio::any_io_executor& executor, const Endpoint& where)
{
    const int family = where.address().is_v6() ? AF_INET6 : AF_INET;
    const int handle = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (handle < 0) {
        return base::fail(peer_error(errno));
    }
    const int on = 1;
    ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    asio::ip::tcp::socket socket(executor);
    boost::system::error_code error;
    socket.assign(where.protocol(), handle, error);
    if (error) {
        ::close(handle);
        return base::fail(peer_error(error.value()));
    }
    return socket;
}

base::Task<asio::ip::tcp::socket> connect_one(Endpoint where, Clock::time_point deadline)
{
    const auto executor = co_await asio::this_coro::executor;
    CO_TRY(opened, open_socket(executor, where));
    Socket socket(std::move(opened));
    socket.set_deadline(deadline);
    CO_CHECKED(co_await socket.connect(where));
    co_return socket.release();
}

base::Error refused(const std::string& host, std::uint16_t port, const base::Error& last)
{
    auto kind = last.kind() == base::Errc::timeout ? base::Errc::timeout : base::Errc::unavailable;
    return base::Error(kind, fmt::format("cannot connect to {} port {}: {}", host, port, last.message()))
        .with_code(last.code() == "connect_refused" ? "connect_refused" : "connect_failed")
        .with_fix(fmt::format("check that a service listens on {} port {} and that no firewall is between",
                              host, port));
}

}  // namespace

base::Task<asio::ip::tcp::socket> connect_socket(std::string host, std::uint16_t port,
                                                 std::chrono::milliseconds limit, AddressPolicy allowed,
                                                 AddressMemory* memory)
{
    const auto deadline = Clock::now() + limit;
    CO_TRY(found, co_await resolve(host, deadline));
    Addresses addresses = std::move(found);
    if (allowed) {
        std::erase_if(addresses, [&](const asio::ip::address& address) { return !allowed(address); });
    }
    if (addresses.empty()) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, fmt::format("{} has only forbidden addresses", host))
                .with_code("address_forbidden")
                .with_fix("use a public address, or ask the operator to allow this one"));
    }
    std::vector<Endpoint> places;
    for (const auto& address : addresses) {
        places.emplace_back(address, port);
    }
    if (memory != nullptr) {
        memory->order(places);
    }
    base::Error last(base::Errc::timeout, "timed out");
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto now = Clock::now();
        const auto share = (deadline - now) / static_cast<std::int64_t>(places.size() - i);
        auto connected = co_await connect_one(places[i], now + share);
        if (memory != nullptr) {
            memory->tried(places[i], connected.has_value());
        }
        if (connected) {
            co_return std::move(connected);
        }
        last = std::move(connected).error();
    }
    co_return base::fail(refused(host, port, last));
}

}  // namespace net
