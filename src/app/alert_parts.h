// The parts of a control node that watch it and tell people.
#pragma once

#include "alerts/engine.h"
#include "alerts/service.h"
#include "api/api.h"
#include "app/alert_settings.h"
#include "crypto/sealer.h"
#include "http/client.h"

#include <memory>
#include <string>

namespace app {

// Runs on one executor: no locks. The arguments of make() outlive it.
class AlertParts {
public:
    struct Ground {
        boost::asio::any_io_executor executor;
        store::Store& store;
        base::Clock& clock;
        const crypto::Sealer& sealer;
        const api::NodeFacts& facts;
        std::string domain;
        std::string node;
        net::AddressSet private_addresses;  // that tenants may name
    };

    // Errors: a password file that cannot be read.
    static base::Result<std::unique_ptr<AlertParts>> make(const AlertSettings& settings, Ground ground);

    alerts::Service& service() { return service_; }
    boost::asio::awaitable<void> run() { return engine_.run(); }

private:
    class Zones;

    AlertParts(const AlertSettings& settings, Ground ground, std::unique_ptr<http::MailSender> mail);

    alerts::Options options_;
    boost::asio::thread_pool pool_{2};  // for commands, which may take their time
    endpoints::UpstreamPolicy addresses_;
    std::unique_ptr<alerts::PlatformView> platform_;
    std::unique_ptr<http::MailSender> mail_;
    std::unique_ptr<http::Client> operators_web_;
    std::unique_ptr<http::Client> tenants_web_;
    alerts::Carriers carriers_;
    alerts::Engine engine_;
    alerts::Service service_;
};

}  // namespace app
