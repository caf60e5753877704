// ApiServer: serves routes on plain HTTP listeners: the API (loopback only, see check_settings), the central
// responder; and over TLS the feed for other machines.
#pragma once

#include "base/task_group.h"
#include "http/exchange.h"
#include "net/listener.h"
#include "net/tls.h"

#include <optional>
#include <string>
#include <vector>

namespace app {

// Runs on one executor: no locks.
class ApiServer {
public:
    // What connections are taken with; it outlives the server.
    struct Tls {
        net::TlsServer& server;
        net::IdentitySource& source;
    };

    // `handler` outlives the server. `tls` none: plain. Errors: code port_in_use and others of net::Listener,
    // for `setting`.
    static base::Result<std::unique_ptr<ApiServer>> start(boost::asio::any_io_executor executor,
                                                          std::vector<std::string> listen,
                                                          http::Handler& handler,
                                                          std::string_view setting = "api.listen",
                                                          std::optional<Tls> tls = std::nullopt);

    std::vector<net::Endpoint> where() const;
    // Accepts nothing more, and ends what is in progress.
    boost::asio::awaitable<void> stop();

private:
    ApiServer(boost::asio::any_io_executor executor, http::Handler& handler, std::optional<Tls> tls)
        : handler_(handler), tls_(tls), tasks_(std::move(executor))
    {
    }
    boost::asio::awaitable<void> accept_on(std::size_t listener);
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

    http::Handler& handler_;
    const std::optional<Tls> tls_;
    std::size_t connections_ = 0;
    std::vector<net::Listener> listeners_;
    base::TaskGroup tasks_;
};

}  // namespace app
