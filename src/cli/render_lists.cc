#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

std::string or_dash(std::string text)
{
    return text.empty() ? "-" : harmless(text);
}

// Long serials are cut in lists; the detail view has them whole.
std::string shortened(const std::string& serial)
{
    return serial.size() > 16 ? serial.substr(0, 14) + ".." : or_dash(serial);
}

std::string counts_text(const json::object& counts, const Paint& paint)
{
    std::string made;
    for (const auto& [word, count] : counts) {
        if (count.is_int64()) {
            made += fmt::format("{}{} {}", made.empty() ? "" : ", ", count.as_int64(),
                                paint.state(std::string_view(word)));
        }
    }
    return made.empty() ? "none" : made;
}

std::string alerts_line(const json::object& alerts, const Paint& paint)
{
    const auto critical = number(alerts, "critical");
    const auto all = critical + number(alerts, "warning");
    if (all == 0) {
        return "none";
    }
    const auto shown =
        fmt::format("{} active{}", all, critical > 0 ? fmt::format(", {} critical", critical) : "");
    return fmt::format("{}; see: certwright alert list", critical > 0 ? paint.bad(shown) : paint.warn(shown));
}

std::string certificate_line(const json::object& certificate, base::Time now)
{
    if (certificate.empty()) {
        return "none yet";
    }
    return fmt::format("{} by {}, until {}", joined(texts(certificate, "identifiers")),
                       harmless(text(certificate, "issuer")), date(time(certificate, "not_after"), now));
}

std::string zones_text(const json::object& status, const Paint& paint)
{
    std::string made;
    for (const auto& zone : objects(status, "zones")) {
        made += labelled(
            paint, "zone",
            fmt::format("{}: {}", text(zone, "zone"),
                        flag(zone, "ok") ? paint.good("ok") : paint.bad(harmless(text(zone, "message")))));
        if (flag(zone, "ok")) {
            continue;
        }
        if (!text(zone, "fix").empty()) {
            made += labelled(paint, "fix", harmless(text(zone, "fix")));
        }
        for (const auto& record : texts(zone, "records")) {
            made += labelled(paint, "", record);
        }
    }
    return made;
}

// The app behind a name, or where it redirects to.
std::string leads_to(const json::object& endpoint)
{
    const auto to = text(endpoint, "redirect_to");
    return to.empty() ? text(endpoint, "upstream")
                      : fmt::format("{} {}", number(endpoint, "redirect_status"), to);
}

}  // namespace

std::string endpoint_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"NAME", "STATE", "SINCE", "KIND", "LEADS TO", "REASON"});
    for (const auto& each : objects(page, "items")) {
        const auto since = time(each, "since");
        table.add({text(each, "name"), paint.state(text(each, "state")), since ? relative(*since, now) : "-",
                   text(each, "kind"), or_dash(leads_to(each)),
                   or_dash(text(object(each, "reason"), "code"))});
    }
    if (table.empty()) {
        return "No endpoints. Add one: certwright endpoint add shop.example.com --to http://127.0.0.1:3000\n";
    }
    return table.text(paint);
}

std::string certificate_list_text(const std::vector<json::object>& certificates, const Paint& paint,
                                  base::Time now)
{
    Table table({"ID", "NAMES", "SOURCE", "STATE", "KEY", "ISSUER", "SERIAL", "ENDS", "RENEWS"});
    for (const auto& each : certificates) {
        table.add({text(each, "id"), joined(texts(each, "identifiers")),
                   text(each, "source") + (flag(each, "served") ? " (served)" : ""),
                   paint.state(text(each, "state")), text(each, "key_type"), or_dash(text(each, "issuer")),
                   shortened(text(each, "serial")), date(time(each, "not_after"), now),
                   date(time(each, "renew_at"), now)});
    }
    return table.empty() ? "No certificates.\n" : table.text(paint);
}

std::string certificate_text(const json::object& certificate, const Paint& paint, base::Time now)
{
    auto made = paint.bold(text(certificate, "id")) + "\n";
    made += labelled(paint, "names", joined(texts(certificate, "identifiers")));
    made += labelled(paint, "endpoint", or_dash(text(certificate, "endpoint")));
    made += labelled(paint, "source", text(certificate, "source"));
    made += labelled(paint, "state", paint.state(text(certificate, "state")));
    made += labelled(paint, "key", text(certificate, "key_type"));
    made += labelled(paint, "issuer", harmless(text(certificate, "issuer")));
    made += labelled(paint, "serial", text(certificate, "serial"));
    made += labelled(paint, "sha256", text(certificate, "sha256"));
    made += labelled(paint, "from", date(time(certificate, "not_before"), now));
    made += labelled(paint, "until", date(time(certificate, "not_after"), now));
    made += labelled(paint, "renews", date(time(certificate, "renew_at"), now));
    const auto& advice = object(certificate, "renewal_advice");
    if (const auto end = time(advice, "window_end")) {
        made += labelled(
            paint, "CA says",
            fmt::format("between {} and {}", date(time(advice, "window_start"), now), date(end, now)));
    }
    if (const auto why = text(advice, "explanation_url"); !why.empty()) {
        made += labelled(paint, "because", harmless(why));
    }
    if (const auto& revocation = object(certificate, "revocation"); !revocation.empty()) {
        const auto confirmed = time(revocation, "revoked_at");
        made += labelled(paint, "revoked",
                         confirmed ? date(confirmed, now) + ", " + text(revocation, "reason")
                                   : "asked for " + date(time(revocation, "requested_at"), now));
        made += problem_text(object(revocation, "problem"), paint);
    }
    return made;
}

std::string token_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"ID", "NAME", "TENANT", "SCOPES", "MADE", "EXPIRES", "STATE"});
    for (const auto& each : objects(page, "items")) {
        const bool revoked = time(each, "revoked_at").has_value();
        const auto expires = time(each, "expires_at");
        const bool expired = expires && *expires <= now;
        const auto tenant = text(each, "tenant");
        table.add({text(each, "id"), or_dash(text(each, "name")), tenant.empty() ? "(operator)" : tenant,
                   joined(texts(each, "scopes")), date(time(each, "created_at"), now), date(expires, now),
                   revoked   ? paint.bad("revoked")
                   : expired ? paint.bad("expired")
                             : paint.good("valid")});
    }
    return table.text(paint);
}

std::string tenant_list_text(const json::object& page, const Paint& paint)
{
    Table table({"ID", "NAME"});
    for (const auto& each : objects(page, "items")) {
        table.add({text(each, "id"), harmless(text(each, "name"))});
    }
    return table.text(paint);
}

std::string health_text(const json::object& edge, const Paint& paint)
{
    const auto health = text(edge, "health");
    if (health == "live") {
        return paint.good(health);
    }
    return paint.warn(health == "lost" ? "lost, not waited for" : harmless(text(edge, "trouble")));
}

std::string edge_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"NAME", "GROUP", "VERSION", "REVISION", "BEHIND", "SEEN", "HEALTH", "CERTIFICATE"});
    for (const auto& each : objects(page, "items")) {
        const auto behind = number(each, "behind");
        const auto seen = time(each, "seen_at");
        const auto until = time(each, "certificate_until");
        table.add({harmless(text(each, "name")), text(each, "group"), harmless(text(each, "version")),
                   std::to_string(number(each, "revision")),
                   behind > 0 ? paint.warn(std::to_string(behind)) : paint.good("0"),
                   seen ? relative(*seen, now) : "-", health_text(each, paint),
                   until ? "ends " + relative(*until, now) : "none, a token"});
    }
    return table.empty() ? "No edges have reported yet.\n" : table.text(paint);
}

std::string event_text(const json::object& event, const Paint& paint)
{
    return fmt::format("{}  {}  {}\n", paint.dim(text(event, "created_at")),
                       paint.bold(fmt::format("{:<28}", text(event, "type"))),
                       harmless(text(event, "message")));
}

std::string status_text(const json::object& status, const Paint& paint, base::Time now)
{
    auto made = fmt::format("{} {}\n", paint.bold("certwright"), text(status, "version"));
    if (!text(status, "tenant").empty()) {
        made += labelled(paint, "tenant", text(status, "tenant"));
        return made +
               labelled(paint, "endpoints", std::to_string(number(object(status, "endpoints"), "total"))) +
               labelled(paint, "alerts", alerts_line(object(status, "alerts"), paint));
    }
    made += labelled(paint, "endpoints", counts_text(object(status, "endpoints"), paint));
    made += labelled(paint, "alerts", alerts_line(object(status, "alerts"), paint));
    made += labelled(paint, "orders", counts_text(object(status, "orders"), paint));
    const auto next_order = time(status, "next_order_at");
    if (next_order) {
        made += labelled(paint, "next order", relative(std::max(*next_order, now), now));
    }
    made += labelled(paint, "platform", certificate_line(object(status, "platform_certificate"), now));
    const auto& renewal = object(status, "next_renewal");
    if (!renewal.empty()) {
        made += labelled(paint, "next renew",
                         fmt::format("{}, {}", joined(texts(renewal, "identifiers")),
                                     date(time(renewal, "renew_at"), now)));
    }
    const auto& account = object(status, "ca_account");
    made += labelled(paint, "CA", account.empty() ? "no account yet" : text(account, "directory_url"));
    made += zones_text(status, paint);
    const auto edges = objects(status, "edges");
    std::size_t current = 0;
    for (const auto& each : edges) {
        current += number(each, "revision") >= number(status, "revision") ? 1 : 0;
    }
    made += labelled(
        paint, "edges",
        fmt::format("{} of {} up to date (revision {})", current, edges.size(), number(status, "revision")));
    return made;
}

}  // namespace cli
