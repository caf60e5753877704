#include "api/metrics_text.h"

#include <fmt/format.h>

namespace api {

namespace {

template <class E>
std::string family(std::string_view name, std::string_view help, std::string_view label,
                   const std::vector<std::pair<E, std::int64_t>>& counts)
{
    std::string text = fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
    for (const auto& [value, count] : counts) {
        text += fmt::format("{}{{{}=\"{}\"}} {}\n", name, label, model::to_string(value), count);
    }
    return text;
}

std::string gauge(std::string_view name, std::string_view help, std::int64_t value)
{
    return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

}  // namespace

base::Result<std::string> metrics_of(store::Transaction& tx)
{
    TRY(states, tx.endpoints.count_by_state());
    TRY(orders, tx.orders.count_by_status());
    TRY(challenges, tx.challenges.count());
    TRY(head, tx.revisions.head());
    TRY(platform, tx.certificates.of_endpoint(""));
    auto text = family("certwright_endpoints",
                       "Endpoints by state; look at the reasons when action_required or degraded rises.",
                       "state", states);
    text += family("certwright_orders", "Unfinished orders by status; problems are in the API.", "status",
                   orders);
    text +=
        gauge("certwright_challenges_pending",
              "Published challenge answers; a level that only rises means that clean-up fails.", challenges);
    text += gauge("certwright_revision", "The newest revision; edges that stay behind it show in /v1/edges.",
                  head.number);
    TRY(alerts, tx.alerts.count_open());
    text +=
        "# HELP certwright_alerts Open alerts by rule and severity; `certwright alert list` shows them.\n"
        "# TYPE certwright_alerts gauge\n";
    for (const auto& each : alerts) {
        text += fmt::format("certwright_alerts{{rule=\"{}\",severity=\"{}\"}} {}\n", each.rule,
                            model::to_string(each.severity), each.count);
    }
    TRY(waiting, tx.deliveries.waiting(""));
    TRY(failing, tx.channels.count_failing());
    text +=
        gauge("certwright_notices_waiting",
              "Notices that have not reached their channel; `certwright channel list` says why.", waiting);
    text += gauge("certwright_channels_failing",
                  "Channels whose last delivery failed; test them with `certwright alert test`.", failing);
    if (!platform.empty()) {
        text +=
            gauge("certwright_platform_certificate_not_after_seconds",
                  "When the platform's own certificate ends; act when it is near and no order is under way.",
                  base::to_millis(platform.front().not_after) / 1000);
    }
    return text;
}

}  // namespace api
