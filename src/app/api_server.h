// ApiServer: serves routes on plain HTTP listeners: the API (loopback only, see check_settings), the central
// responder; and over TLS the feed for other machines.
#pragma once

#include "base/task_group.h"
#include "http/event.h"
#include "http/exchange.h"
#include "net/listener.h"
#include "net/passed_sockets.h"
#include "net/tls.h"

#include <optional>
#include <string>
#include <vector>

namespace app {

// Runs on one executor: no locks.
class ApiServer final : private http::Handler {
public:
    // Where to listen, by the setting that says so.
    struct Place {
        std::string_view setting = "api.listen";
        std::string_view use = "api";           // of net::PassedSockets
        net::PassedSockets* sockets = nullptr;  // where listening sockets come from and are kept; outlives it
    };
    // What connections are taken with; it outlives the server.
    struct Tls {
        net::TlsServer& server;
        net::IdentitySource& source;
    };

    // `handler` outlives the server. `tls` none: plain. Errors: code port_in_use and others of net::Listener,
    // for the setting.
    static base::Result<std::unique_ptr<ApiServer>> start(boost::asio::any_io_executor executor,
                                                          std::vector<std::string> listen,
                                                          http::Handler& handler, Place place,
                                                          std::optional<Tls> tls = std::nullopt);

    std::vector<net::Endpoint> where() const;
    // Accepts nothing more; requests in progress have a moment to end.
    boost::asio::awaitable<void> stop();

private:
    ApiServer(boost::asio::any_io_executor executor, http::Handler& handler, std::optional<Tls> tls)
        : executor_(executor), handler_(handler), tls_(tls), answered_(executor), tasks_(std::move(executor))
    {
    }
    base::Result<> listen(const net::Endpoint& where, const Place& place);
    boost::asio::awaitable<void> accept_on(std::size_t listener);
    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;
    bool ending() const override { return stopping_; }
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

    boost::asio::any_io_executor executor_;
    http::Handler& handler_;
    const std::optional<Tls> tls_;
    std::size_t connections_ = 0;
    std::vector<net::Listener> listeners_;
    std::size_t requests_ = 0;  // being answered
    http::Event answered_;      // one of them
    bool stopping_ = false;
    base::TaskGroup tasks_;
};

}  // namespace app
