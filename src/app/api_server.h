// ApiServer: serves routes on plain HTTP listeners: the API (loopback only, see check_settings), the central
// responder.
#pragma once

#include "base/task_group.h"
#include "http/exchange.h"
#include "net/listener.h"
#include "net/passed_sockets.h"

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

    // `handler` outlives the server. Errors: code port_in_use and others of net::Listener, for the setting.
    static base::Result<std::unique_ptr<ApiServer>> start(boost::asio::any_io_executor executor,
                                                          std::vector<std::string> listen,
                                                          http::Handler& handler, Place place);

    std::vector<net::Endpoint> where() const;
    // Accepts nothing more; requests in progress have a moment to end.
    boost::asio::awaitable<void> stop();

private:
    ApiServer(boost::asio::any_io_executor executor, http::Handler& handler)
        : executor_(executor), handler_(handler), tasks_(std::move(executor))
    {
    }
    base::Result<> listen(const net::Endpoint& where, const Place& place);
    boost::asio::awaitable<void> accept_on(std::size_t listener);
    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;
    bool ending() const override { return stopping_; }

    boost::asio::any_io_executor executor_;
    http::Handler& handler_;
    std::vector<net::Listener> listeners_;
    std::size_t requests_ = 0;  // being answered
    bool stopping_ = false;
    base::TaskGroup tasks_;
};

}  // namespace app
