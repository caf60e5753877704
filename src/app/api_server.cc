#include "app/api_server.h"

#include "base/counted.h"
#include "base/log.h"
#include "http/server.h"

#include <algorithm>

namespace app {

namespace {

const http::ServerLimits limits{};
constexpr std::chrono::milliseconds time_to_end{1'000};

constexpr std::chrono::seconds longest_handshake{10};
// Over TLS, where strangers may knock; every edge keeps one or two.
constexpr std::size_t most_tls_connections = 2'000;

}  // namespace

boost::asio::awaitable<void> ApiServer::serve(boost::asio::ip::tcp::socket socket)
{
    if (!tls_) {
        co_await http::serve_http1(net::make_stream(std::move(socket)), *this, limits);
        co_return;
    }
    if (connections_ >= most_tls_connections) {
        co_return;
    }
    const base::Counted counted(connections_);
    auto stream = co_await tls_->server.accept(std::move(socket), tls_->source, longest_handshake);
    if (stream) {
        co_await http::serve_http1(std::move(*stream), *this, limits);
    }
}

base::Result<std::unique_ptr<ApiServer>> ApiServer::start(boost::asio::any_io_executor executor,
                                                          std::vector<std::string> listen,
                                                          http::Handler& handler, Place place,
                                                          std::optional<Tls> tls)
{
    std::unique_ptr<ApiServer> server(new ApiServer(executor, handler, tls));
    std::vector<net::Endpoint> places;
    for (const auto& text : listen) {
        TRY(endpoints, net::parse_endpoints(text));
        std::ranges::copy(endpoints, std::back_inserter(places));
    }
    if (place.sockets != nullptr) {
        places = place.sockets->places(place.use, std::move(places));
    }
    for (const auto& where : places) {
        CHECKED(server->listen(where, place));
    }
    for (std::size_t i = 0; i < server->listeners_.size(); ++i) {
        server->tasks_.spawn("api_accept", server->accept_on(i));
    }
    return server;
}

base::Result<> ApiServer::listen(const net::Endpoint& where, const Place& place)
{
    auto there =
        place.sockets == nullptr ? std::vector<net::Descriptor>() : place.sockets->take(place.use, where);
    for (auto& each : there) {
        TRY(listener, net::Listener::adopt(executor_, where, std::move(each)));
        listeners_.push_back(std::move(listener));
    }
    if (!there.empty()) {
        return {};
    }
    auto listener = net::Listener::open(executor_, where, false);
    if (!listener) {
        return base::fail(std::move(listener).error().with_context(place.setting));
    }
    if (place.sockets != nullptr) {
        place.sockets->keep(place.use, listener->descriptor());
    }
    listeners_.push_back(std::move(*listener));
    return {};
}

boost::asio::awaitable<void> ApiServer::handle(http::Exchange& exchange)
{
    {
        const base::Counted counted(requests_);
        co_await handler_.handle(exchange);
    }
    answered_.notify();
}

std::vector<net::Endpoint> ApiServer::where() const
{
    std::vector<net::Endpoint> endpoints;
    for (const auto& listener : listeners_) {
        endpoints.push_back(listener.where());
    }
    return endpoints;
}

boost::asio::awaitable<void> ApiServer::accept_on(std::size_t listener)
{
    while (true) {
        auto socket = co_await listeners_[listener].accept();
        if (socket) {
            tasks_.spawn("api_connection", serve(std::move(*socket)));
        } else if (socket.error().kind() == base::Errc::rate_limited) {
            base::log::warning("api_accept_paused", {{"error", socket.error().message()}});
            co_await base::sleep_for(std::chrono::milliseconds(200));
        } else {
            co_return;
        }
    }
}

boost::asio::awaitable<void> ApiServer::stop()
{
    for (auto& listener : listeners_) {
        listener.close();
    }
    stopping_ = true;
    const auto deadline = std::chrono::steady_clock::now() + time_to_end;
    for (bool in_time = true; requests_ > 0 && in_time;) {
        in_time = co_await answered_.wait_until(deadline);
    }
    co_await tasks_.stop();
}

}  // namespace app
