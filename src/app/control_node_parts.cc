// How the settings become the options of the parts.
#include "app/bootstrap.h"
#include "app/control_node.h"
#include "app/version.h"
#include "base/random.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <fstream>
#include <set>

namespace app {

using base::Errc;
using base::Result;
using base::Task;

model::Platform ControlNode::platform() const
{
    const auto& settings = ground_->settings;
    return {model::DomainName::parse(settings.domain).value(),
            model::DomainName::parse(settings.challenge_zone_or_default()).value()};
}

// Where our own name server answers, as this machine reaches it: what the propagation gate asks before the CA
// does.
std::vector<net::Endpoint> ControlNode::own_name_servers() const
{
    std::vector<net::Endpoint> servers;
    for (auto where : front_.name_server->where()) {
        if (where.address().is_unspecified()) {
            const bool v4 = where.address().is_v4();
            where.address(v4 ? boost::asio::ip::address(boost::asio::ip::address_v4::loopback())
                             : boost::asio::ip::address(boost::asio::ip::address_v6::loopback()));
        }
        servers.push_back(where);
    }
    return servers;
}

std::unique_ptr<acme::Client> ControlNode::make_acme_client(const std::string& directory_url,
                                                            crypto::PrivateKey key)
{
    auto& pacer = pacers_[issuance::ca_of(directory_url)];
    if (!pacer) {
        pacer = std::make_shared<acme::Pacer>(directory_url);
    }
    return acme::make_client(*http_, ground_->clock, directory_url, std::move(key), pacer);
}

issuance::JobOptions ControlNode::job_options() const
{
    issuance::JobOptions options;
    options.platform = platform();
    options.first_retry = ground_->settings.retry_interval;
    if (ground_->settings.dns01_elsewhere()) {
        options.platform_proof = "platform." + options.platform.challenge_zone.text();
    }
    return options;
}

issuance::PlannerOptions ControlNode::planner_options() const
{
    issuance::PlannerOptions options;
    options.platform = platform();
    options.platform_certificate =
        !ground_->settings.dns01_elsewhere() || ground_->settings.dns01_platform_certificate;
    return options;
}

void ControlNode::prepare_wishes()
{
    const auto& settings = ground_->settings;
    endpoints::WishOptions options;
    options.names_per_domain = settings.on_demand_names_per_domain;
    const auto rate = [](std::int64_t per_second, double seconds_at_once) {
        const auto each = static_cast<double>(per_second);
        return base::Rate{each, each * seconds_at_once};
    };
    options.flood.all = rate(settings.on_demand_wishes_per_second, 4);
    options.flood.client = rate(settings.on_demand_wishes_per_client, 10);
    wishes_ = std::make_unique<endpoints::Wishes>(*ground_->store, *endpoints_, *resolver_, options);
    local_wishes_.open(*wishes_);
    front_.wishes.open(local_wishes_);
}

// What is done with CA accounts beside orders.
void ControlNode::prepare_ca_work(const std::string& node)
{
    const auto executor = loop_.get_executor();
    auto& store = *ground_->store;
    issuance::RevokerOptions revoking;
    revoking.first_retry = ground_->settings.retry_interval;
    revoker_ = std::make_unique<issuance::Revoker>(executor, store, ground_->clock, *accounts_, revoking);
    issuance::RotationOptions rotating;
    rotating.node = node;
    rotations_ = std::make_unique<issuance::KeyRotations>(executor, store, ground_->clock, *accounts_,
                                                          deployment_, std::move(rotating));
    ca_desk_ =
        std::make_unique<CaDesk>(store, ground_->clock, *accounts_, *rotations_, [this] { runner_->wake(); });
}

Result<diagnosis::WatchOptions> ControlNode::watch_options() const
{
    const auto& settings = ground_->settings;
    diagnosis::WatchOptions watching;
    watching.cadence.first = settings.check_interval;
    watching.poll = std::min<std::chrono::milliseconds>(settings.check_interval, std::chrono::seconds(1));
    watching.in_flight = 64;
    watching.caa_identities = settings.ca_caa_identities;
    watching.probes.dns_port = static_cast<std::uint16_t>(settings.check_dns_port);
    watching.probes.http_port = static_cast<std::uint16_t>(settings.check_http_port);
    watching.probes.https_port = static_cast<std::uint16_t>(settings.check_https_port);
    watching.private_blocks = settings.check_private;
    TRY(granted, net::AddressSet::parse(settings.check_private));
    watching.probes.granted = granted;  // of the watch on parked names
    watching.ring.queries_per_second = static_cast<double>(settings.check_parked_rate);
    watching.moved_notice = std::chrono::duration_cast<std::chrono::hours>(settings.moved_notice);
    return watching;
}

Result<issuance::AccountSettings> ControlNode::account_settings() const
{
    const auto& settings = ground_->settings;
    issuance::AccountSettings account;
    account.directory_url = settings.ca_directory_url();
    account.contacts = settings.ca_contacts;
    if (!settings.ca_eab_kid.empty()) {
        std::ifstream in(settings.ca_eab_key_file);
        std::string text;
        in >> text;
        auto key = base::from_base64url(text);
        if (!key || key->empty()) {
            return base::fail(
                base::Error(Errc::invalid,
                            fmt::format("{} holds no base64url MAC key", settings.ca_eab_key_file))
                    .with_code("eab_key_invalid")
                    .with_fix("put the MAC key that the CA gave you into that file, on one line"));
        }
        account.external = acme::ExternalAccount{settings.ca_eab_kid, std::move(*key)};
    }
    return account;
}

Result<> ControlNode::prepare_alerts()
{
    TRY(private_addresses, net::AddressSet::parse(ground_->settings.private_upstreams));
    TRY(parts,
        AlertParts::make(ground_->settings.alerts,
                         {loop_.get_executor(), *ground_->store, ground_->clock, ground_->sealer, *facts_,
                          ground_->settings.domain, base::new_id("node"), std::move(private_addresses)}));
    alerts_ = std::move(parts);
    return {};
}

}  // namespace app
