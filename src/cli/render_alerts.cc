#include "cli/render_alerts.h"

#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

std::string severity(const json::object& alert, const Paint& paint)
{
    const auto word = text(alert, "severity");
    return word == "critical" ? paint.bad(word) : paint.warn(word);
}

std::string since(const std::optional<base::Time>& moment, base::Time now)
{
    return moment ? relative(*moment, now) : "-";
}

// How a channel fares, in a word or a few.
std::string health(const json::object& channel, const Paint& paint, base::Time now)
{
    if (!flag(channel, "enabled")) {
        return paint.dim("disabled");
    }
    if (number(channel, "failures") > 0) {
        return paint.bad(fmt::format("failing ({} in a row)", number(channel, "failures")));
    }
    if (channel.contains("confirmed") && !flag(channel, "confirmed")) {
        return paint.warn("waits for its code");
    }
    const auto succeeded = time(channel, "succeeded_at");
    return succeeded ? paint.good("delivered " + relative(*succeeded, now)) : "nothing sent yet";
}

std::string silenced_what(const json::object& silence)
{
    if (!text(silence, "alert").empty()) {
        return "alert " + text(silence, "alert");
    }
    return text(silence, "endpoint").empty() ? "rule " + text(silence, "rule")
                                             : "endpoint " + text(silence, "endpoint");
}

}  // namespace

std::string alert_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"ID", "SEVERITY", "RULE", "NAME", "WHO MUST ACT", "UNTIL", "SINCE", "STATE"});
    for (const auto& each : objects(page, "items")) {
        const bool over = time(each, "resolved_at").has_value();
        table.add({text(each, "id"), severity(each, paint), text(each, "rule"),
                   harmless(text(each, "display_name")), text(each, "actor"),
                   date(time(each, "deadline"), now), since(time(each, "opened_at"), now),
                   over ? paint.good("resolved") : paint.bad("open")});
    }
    if (table.empty()) {
        return "No alerts. All is well, as far as certwright knows.\n";
    }
    auto made = table.text(paint);
    const auto next = text(page, "next");
    return next.empty() ? made : made + fmt::format("More: certwright alert list --after {}\n", next);
}

std::string alert_text(const json::object& alert, const Paint& paint, base::Time now)
{
    auto made =
        fmt::format("{}  {}\n", paint.bold(harmless(text(alert, "display_name"))), severity(alert, paint));
    made += labelled(paint, "alert", text(alert, "id"));
    made += labelled(paint, "rule", text(alert, "rule"));
    if (!text(alert, "tenant").empty()) {
        made += labelled(paint, "tenant", text(alert, "tenant"));
    }
    made += labelled(paint, "problem", harmless(text(alert, "message")));
    made += labelled(paint, "code", text(alert, "code"));
    made += labelled(paint, "who acts", text(alert, "actor"));
    if (!text(alert, "fix").empty()) {
        made += labelled(paint, "fix", harmless(text(alert, "fix")));
    }
    if (time(alert, "deadline")) {
        made += labelled(paint, "until", date(time(alert, "deadline"), now));
    }
    made += labelled(paint, "since",
                     fmt::format("{}, seen {} time{}", since(time(alert, "opened_at"), now),
                                 number(alert, "count"), number(alert, "count") == 1 ? "" : "s"));
    made += labelled(paint, "told", since(time(alert, "notified_at"), now));
    if (time(alert, "resolved_at")) {
        return made + labelled(paint, "over", since(time(alert, "resolved_at"), now));
    }
    if (time(alert, "next_notice_at")) {
        made += labelled(paint, "next notice", since(time(alert, "next_notice_at"), now));
    }
    return made + fmt::format("\nNo more notices for three days: certwright alert silence {} --for 3d\n",
                              text(alert, "id"));
}

std::string silence_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"ID", "WHAT", "TENANT", "ENDS", "REASON"});
    for (const auto& each : objects(page, "items")) {
        const auto tenant = text(each, "tenant");
        table.add({text(each, "id"), silenced_what(each), tenant.empty() ? "(operator)" : tenant,
                   since(time(each, "until"), now), harmless(text(each, "reason"))});
    }
    return table.empty() ? "Nothing is silenced.\n" : table.text(paint);
}

std::string channel_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"ID", "NAME", "TENANT", "KIND", "TARGET", "HEARS OF", "STATE"});
    for (const auto& each : objects(page, "items")) {
        const auto tenant = text(each, "tenant");
        table.add({text(each, "id"), harmless(text(each, "name")), tenant.empty() ? "(operator)" : tenant,
                   text(each, "kind"), harmless(text(each, "target")), text(each, "audience"),
                   health(each, paint, now)});
    }
    return table.empty() ? "No channels: nobody is told. certwright channel add --help\n" : table.text(paint);
}

std::string channel_text(const json::object& channel, const Paint& paint, base::Time now)
{
    const auto tenant = text(channel, "tenant");
    auto made =
        fmt::format("{}  {}\n", paint.bold(harmless(text(channel, "name"))), health(channel, paint, now));
    made += labelled(paint, "channel", text(channel, "id"));
    made += labelled(paint, "owner", tenant.empty() ? "the operator" : "tenant " + tenant);
    made += labelled(paint, text(channel, "kind"), harmless(text(channel, "target")));
    made += labelled(paint, "hears of",
                     fmt::format("{}; {} and worse; {}", text(channel, "audience"), text(channel, "severity"),
                                 joined(texts(channel, "events"))));
    if (flag(channel, "configured")) {
        made += labelled(paint, "made by", "the configuration file");
    }
    made += labelled(paint, "waiting", std::to_string(number(channel, "waiting")));
    made += labelled(paint, "last success", since(time(channel, "succeeded_at"), now));
    if (time(channel, "failed_at")) {
        made += labelled(
            paint, "last failure",
            fmt::format("{}: {}", since(time(channel, "failed_at"), now), harmless(text(channel, "error"))));
    }
    Table table({"DELIVERY", "TYPE", "STATE", "TRIES", "MADE", "NEXT TRY", "ERROR"});
    for (const auto& each : objects(channel, "deliveries")) {
        const auto next = time(each, "next_attempt_at");
        table.add({text(each, "id"), text(each, "type"), paint.state(text(each, "state")),
                   std::to_string(number(each, "attempts")), since(time(each, "created_at"), now),
                   next ? relative(std::max(*next, now), now) : "-",
                   harmless(text(each, "error")).substr(0, 80)});
    }
    return table.empty() ? made : made + "\n" + table.text(paint);
}

}  // namespace cli
