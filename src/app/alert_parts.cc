#include "app/alert_parts.h"

#include "app/version.h"

namespace app {

// What the checks of our zones have found, as problems.
class AlertParts::Zones final : public alerts::PlatformView {
public:
    explicit Zones(const api::NodeFacts& facts) : facts_(facts) {}

    std::vector<alerts::ZoneState> zones() const override
    {
        std::vector<alerts::ZoneState> states;
        for (const auto& check : facts_.zones()) {
            alerts::ZoneState state;
            state.zone = check.zone;
            state.known = check.known;
            state.ok = check.ok;
            if (!check.ok) {
                state.problem.code = "zone_not_delegated";
                state.problem.message = check.message + ".";
                state.problem.actor = model::Actor::platform;
                state.problem.fix = "At the registrar of the domain, create:";
                for (const auto& record : check.records) {
                    state.problem.fix += " " + record + ";";
                }
            }
            states.push_back(std::move(state));
        }
        return states;
    }

private:
    const api::NodeFacts& facts_;
};

namespace {

http::ClientOptions web_options(const AlertSettings& settings)
{
    http::ClientOptions options;
    options.user_agent = "certwright/" + std::string(version);
    options.trust_file = settings.webhook_trust;
    return options;
}

// Where a tenant's webhook may lead is judged by the address, when the connection is made. A proxy of the
// environment would be judged instead, so it is not used.
http::ClientOptions tenants_options(const endpoints::UpstreamPolicy& addresses)
{
    http::ClientOptions options;
    options.user_agent = "certwright/" + std::string(version);
    options.direct = true;
    options.allow_address = [&addresses](const boost::asio::ip::address& address) {
        return addresses.allows(address);
    };
    return options;
}

}  // namespace

base::Result<std::unique_ptr<AlertParts>> AlertParts::make(const AlertSettings& settings, Ground ground)
{
    std::unique_ptr<http::MailSender> mail;
    if (!settings.smtp.empty()) {
        TRY(server, mail_server(settings));
        server.helo = ground.domain;
        mail = http::make_mail_sender(ground.executor, std::move(server));
    }
    return std::unique_ptr<AlertParts>(new AlertParts(settings, std::move(ground), std::move(mail)));
}

AlertParts::AlertParts(const AlertSettings& settings, Ground ground, std::unique_ptr<http::MailSender> mail)
    : options_(alert_options(settings, ground.domain, ground.node)),
      addresses_(std::move(ground.private_addresses)),
      platform_(std::make_unique<Zones>(ground.facts)),
      mail_(std::move(mail)),
      operators_web_(http::make_client(ground.executor, web_options(settings))),
      tenants_web_(http::make_client(ground.executor, tenants_options(addresses_))),
      carriers_({mail_.get(), *operators_web_, *tenants_web_, pool_}, ground.sealer, ground.clock, options_),
      engine_(ground.executor, ground.store, ground.clock, *platform_, carriers_, options_),
      service_(ground.store, ground.clock, ground.sealer, addresses_, options_)
{
}

}  // namespace app
