#include "diagnosis/renewal_notice.h"

#include "diagnosis/dns_check.h"

#include <fmt/format.h>

namespace diagnosis {

namespace {

const model::Certificate* next_to_renew(const std::vector<model::Certificate>& live)
{
    const model::Certificate* soonest = nullptr;
    for (const auto& each : live) {
        if (each.source == model::CertificateSource::managed && each.renew_at &&
            (soonest == nullptr || *each.renew_at < *soonest->renew_at)) {
            soonest = &each;
        }
    }
    return soonest;
}

}  // namespace

std::optional<base::Time> look_before_renewal(const std::vector<model::Certificate>& live)
{
    const auto* next = next_to_renew(live);
    if (next == nullptr) {
        return std::nullopt;
    }
    // Three days for 90, five hours for 160 hours.
    return *next->renew_at - (next->not_after - next->not_before) / 30;
}

base::Result<> tell_of_renewal(store::Transaction& tx, const model::Endpoint& before,
                               const model::Endpoint& after, const std::vector<model::Certificate>& live,
                               base::Time now)
{
    const auto early = look_before_renewal(live);
    const auto last = condition_of(before.status.conditions, "DnsRouting").observed_at;
    if (!early || *early > now || last >= *early || last == base::Time{}) {
        return {};
    }
    const auto& certificate = *next_to_renew(live);
    const auto ways = sure_challenges(after, after.status.conditions, true);
    const auto stops = ways.empty() ? blocking_problem(after, after.status.conditions) : model::Problem();
    model::Event event;
    event.tenant = after.tenant;
    event.subject = after.id;
    event.type = "certificate.renewal.upcoming";
    event.message = fmt::format(
        "The certificate of {} is renewed on {}. {}", after.name().display(),
        base::to_rfc3339(*certificate.renew_at),
        ways.empty() ? "What will stop it: " + stops.message : std::string("Nothing stands in its way."));
    event.data["name"] = after.name().text();
    event.data["certificate"] = certificate.id;
    event.data["renew_at"] = base::to_rfc3339(*certificate.renew_at);
    event.data["not_after"] = base::to_rfc3339(certificate.not_after);
    if (ways.empty()) {
        event.data["reason"] = stops.code;
        event.data["actor"] = std::string(model::to_string(stops.actor));
        event.data["fix"] = stops.fix;
    } else {
        event.data["challenge"] = std::string(model::to_string(ways.front()));
    }
    event.created_at = now;
    return tx.events.append(event);
}

}  // namespace diagnosis
