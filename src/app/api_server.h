// ApiServer: serves routes on plain HTTP listeners: the API (loopback only, see check_settings), the central
// responder.
#pragma once

#include "base/task_group.h"
#include "http/exchange.h"
#include "net/listener.h"

#include <string>
#include <vector>

namespace app {

// Runs on one executor: no locks.
class ApiServer {
public:
    // `handler` outlives the server. Errors: code port_in_use and others of net::Listener, for `setting`.
    static base::Result<std::unique_ptr<ApiServer>> start(boost::asio::any_io_executor executor,
                                                          std::vector<std::string> listen,
                                                          http::Handler& handler,
                                                          std::string_view setting = "api.listen");

    std::vector<net::Endpoint> where() const;
    // Accepts nothing more, and ends what is in progress.
    boost::asio::awaitable<void> stop();

private:
    ApiServer(boost::asio::any_io_executor executor, http::Handler& handler)
        : handler_(handler), tasks_(std::move(executor))
    {
    }
    boost::asio::awaitable<void> accept_on(std::size_t listener);

    http::Handler& handler_;
    std::vector<net::Listener> listeners_;
    base::TaskGroup tasks_;
};

}  // namespace app
