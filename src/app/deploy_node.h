// DeployNode: `certwright deploy`. Follows a control node over HTTP and brings the certificates of its group
// to proxies of others on this machine.
#pragma once

#include "app/api_server.h"
#include "app/settings.h"
#include "base/clock.h"
#include "deploy/deployer.h"
#include "deploy/getter.h"
#include "http/client.h"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace app {

class DeployNode {
public:
    static base::Result<std::unique_ptr<DeployNode>> open(boost::asio::io_context& loop,
                                                          DeploySettings settings);

    base::Task<> start();
    boost::asio::awaitable<void> stop();

private:
    DeployNode(boost::asio::io_context& loop, DeploySettings settings, std::string id);
    base::Result<> add_targets();
    base::Result<> start_getter();

    boost::asio::io_context& loop_;
    DeploySettings settings_;
    std::string id_;
    base::SystemClock clock_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<feed::HttpSource> source_;
    boost::asio::thread_pool files_pool_{2};  // writes files and runs hooks
    std::unique_ptr<deploy::Deployer> deployer_;
    std::unique_ptr<deploy::Getter> getter_;
    std::unique_ptr<ApiServer> getter_server_;
};

}  // namespace app
