#include "cli/render.h"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

std::string both_names(const json::object& endpoint)
{
    const auto name = text(endpoint, "name");
    const auto display = text(endpoint, "display_name");
    return display.empty() || display == name ? name : fmt::format("{} ({})", display, name);
}

namespace {

// The status of each record, then what was found instead.
void add_record(std::string& made, const json::object& record, const Paint& paint)
{
    const auto status = text(record, "status");
    const auto kind = flag(record, "required") ? "" : paint.dim("  (optional)");
    const auto shown = status == "unknown" ? paint.dim("(not looked at yet)") : paint.state(status);
    made += fmt::format("  {} {}{}\n", paint.bold(text(record, "purpose")), shown, kind);
    made += fmt::format("    {}   {}\n", paint.dim("type "), text(record, "type"));
    made += fmt::format("    {}   {}   {}\n", paint.dim("host "), text(record, "host"),
                        paint.dim("(full: " + text(record, "name") + ")"));
    const auto display = text(record, "display_name");
    if (!display.empty() && display != text(record, "name")) {
        made += fmt::format("    {}   {}   {}\n", paint.dim("     "), text(record, "display_host"),
                            paint.dim("(the same in Unicode: " + harmless(display) + ")"));
    }
    made += fmt::format("    {}   {}\n", paint.dim("value"), text(record, "value"));
    for (const auto& each : objects(record, "alternatives")) {
        made += fmt::format("    {}   {} {} -> {}\n", paint.dim("or   "), text(each, "type"),
                            text(record, "host"), text(each, "value"));
        made +=
            paint.dim("            (also called ANAME or flattened CNAME; no CNAME may stand there)") + "\n";
    }
    const auto found = texts(record, "found");
    if (!found.empty() && status != "ok") {
        made += fmt::format("    {}   {}\n", paint.warn("found"), harmless(joined(found)));
    } else if (status == "missing") {
        made += fmt::format("    {}   {}\n", paint.warn("found"), "nothing");
    }
}

std::string served_text(const json::object& endpoint, base::Time now)
{
    const auto state = text(endpoint, "state");
    if (state == "suspended" || state == "deleting") {
        return state == "suspended" ? "nothing, while it is suspended" : "nothing, since it was removed";
    }
    for (const auto& each : objects(endpoint, "certificates")) {
        if (flag(each, "served")) {
            return fmt::format("{} certificate of {}, serial {}, until {}", text(each, "source"),
                               harmless(text(each, "issuer")), text(each, "serial"),
                               date(time(each, "not_after"), now));
        }
    }
    const auto conditions = objects(endpoint, "conditions");
    const bool foreign = std::ranges::any_of(conditions, [](const json::object& each) {
        return text(each, "type") == "Ownership" && text(each, "status") == "false";
    });
    return foreign ? "nothing, until the name is proved to be yours"
                   : "the platform's certificate; it has none of its own yet";
}

// How many edges serve its certificate; empty where none is to be served.
std::string edges_text(const json::object& endpoint, base::Time now)
{
    const auto& edges = object(endpoint, "edges");
    if (edges.empty() || (number(edges, "live") == 0 && objects(edges, "lost").empty())) {
        return {};
    }
    auto made =
        fmt::format("{} of {} serve its certificate", number(edges, "serving"), number(edges, "live"));
    const auto behind = texts(edges, "behind");
    if (!behind.empty()) {
        made += fmt::format("; behind: {}", harmless(joined(behind)));
    }
    for (const auto& each : objects(edges, "lost")) {
        const auto seen = time(each, "seen_at");
        made += fmt::format("; not waited for: {}, seen {}", harmless(text(each, "name")),
                            seen ? relative(*seen, now) : "never");
    }
    return made;
}

std::string filter_text(const json::object& endpoint)
{
    const auto filter = texts(endpoint, "ip_filter");
    if (filter.empty()) {
        return "none; everybody may come in";
    }
    return fmt::format("only {} (enforced by {})", joined(filter),
                       text(endpoint, "filter_at") == "network" ? "the network" : "the edge");
}

std::string upstream_text(const json::object& endpoint)
{
    const auto upstream = text(endpoint, "upstream");
    return upstream.empty() ? "what the proxies of its group are set to" : upstream;
}

// Lines for what is not as usual.
std::string serving_text(const json::object& endpoint, const Paint& paint)
{
    std::string made;
    const auto& forwarding = object(endpoint, "forwarding");
    for (const auto& each : texts(forwarding, "more_upstreams")) {
        made += labelled(paint, "", each);
    }
    std::string limits;
    for (const auto* each : {"connect", "answer", "idle"}) {
        if (const auto limit = number(forwarding, fmt::format("{}_timeout", each)); limit > 0) {
            limits += fmt::format("{}{} within {} s", limits.empty() ? "" : ", ", each, limit);
        }
    }
    if (!limits.empty()) {
        made += labelled(paint, "", limits);
    }
    if (flag(forwarding, "proxy_protocol")) {
        made += labelled(paint, "", "with the PROXY protocol");
    }
    if (const auto path = text(forwarding, "health_path"); !path.empty()) {
        made += labelled(paint, "", "health by GET " + harmless(path));
    }
    const auto& hsts = object(endpoint, "hsts");
    if (const auto age = number(hsts, "max_age"); age > 0) {
        made += labelled(paint, "HSTS",
                         fmt::format("{}{}{}", duration(std::chrono::seconds(age)),
                                     flag(hsts, "subdomains") ? ", with subdomains" : "",
                                     flag(hsts, "preload") ? ", for preload lists" : ""));
    }
    const auto plain = text(endpoint, "plain_http");
    if (plain == "serve" || plain == "refuse") {
        made += labelled(paint, "port 80", plain == "serve" ? "serves as HTTPS does" : "refuses");
    }
    return made;
}

std::string next_look(const json::object& endpoint, base::Time now)
{
    const auto next = time(endpoint, "next_attempt_at");
    const auto check = time(endpoint, "next_check_at");
    if (flag(endpoint, "retrying") && next) {
        return "certwright tries again " + relative(std::max(*next, now), now);
    }
    return check ? "DNS is looked at again " + relative(std::max(*check, now), now)
                 : std::string("nothing is due");
}

std::string order_text(const json::object& order, const Paint& paint, base::Time now)
{
    const auto status = text(order, "status");
    auto made = paint.state(status);
    if (number(order, "attempt") > 0) {
        made += fmt::format(", {} failed attempts", number(order, "attempt"));
    }
    const auto next = time(order, "next_action_at");
    if (next && status != "deployed" && status != "failed") {
        made += ", goes on " + relative(std::max(*next, now), now);
    }
    return made;
}

std::string next_commands(const json::object& endpoint)
{
    const auto name = text(endpoint, "name");
    const auto state = text(endpoint, "state");
    std::string made;
    const auto add = [&](std::string_view command, std::string_view why) {
        made += fmt::format("  certwright {:<44} {}\n", fmt::format("{} {}", command, name), why);
    };
    if (state == "pending_dns" || state == "action_required" || state == "degraded") {
        add("doctor", "look at DNS now, in detail");
    }
    if (state == "deleting") {
        add("endpoint restore", "take the removal back");
    }
    if (state == "suspended") {
        add("endpoint resume", "serve it again (operator)");
    }
    if (state == "parked") {
        add("endpoint retry", "try again at once");
    }
    if (state == "active") {
        add("certificate renew", "get a new certificate now");
    } else if (!flag(endpoint, "serving") && state != "deleting" && state != "suspended") {
        made += fmt::format(
            "  certwright certificate upload {} --chain FILE --key FILE\n"
            "                             bridges the time with a certificate you have\n",
            name);
    }
    return made;
}

}  // namespace

std::string labelled(const Paint& paint, std::string_view label, std::string_view value)
{
    return fmt::format("  {} {}\n", paint.dim(fmt::format("{:<10}", label)), value);
}

std::string problem_text(const json::object& problem, const Paint& paint)
{
    if (text(problem, "code").empty()) {
        return {};
    }
    auto made = labelled(paint, "reason",
                         fmt::format("{} {}", harmless(text(problem, "message")),
                                     paint.dim("[" + text(problem, "code") + "]")));
    const auto actor = text(problem, "actor");
    if (!actor.empty() && actor != "none") {
        made += labelled(paint, "who acts", paint.bold(actor));
    }
    if (!text(problem, "fix").empty()) {
        made += labelled(paint, "fix", harmless(text(problem, "fix")));
    }
    return made;
}

std::string redirect_text(const json::object& from, const std::string& prefix)
{
    return fmt::format("{} to {}, path and query {}", number(from, prefix + "_status"),
                       text(from, prefix + "_to"), flag(from, prefix + "_keep_path") ? "kept" : "dropped");
}

std::string records_text(const json::object& endpoint, const Paint& paint)
{
    std::string made;
    for (const auto& record : objects(endpoint, "required_records")) {
        add_record(made, record, paint);
    }
    return made;
}

std::string endpoint_summary(const json::object& endpoint, const Paint& paint)
{
    const auto message = harmless(text(object(endpoint, "reason"), "message"));
    auto made = fmt::format("{} is {}", text(endpoint, "name"), paint.state(text(endpoint, "state")));
    if (message.starts_with(fmt::format("{} is {}", text(endpoint, "name"), text(endpoint, "state")))) {
        return message;
    }
    if (!message.empty()) {
        made += ": " + message;
    }
    return made;
}

std::string endpoint_text(const json::object& endpoint, const Paint& paint, base::Time now)
{
    auto made = fmt::format("{}  {}\n", paint.bold(both_names(endpoint)), paint.dim(text(endpoint, "id")));
    const auto names = texts(endpoint, "names");
    if (names.size() > 1) {
        const auto display = texts(endpoint, "display_names");
        made += labelled(paint, "names", joined(names));
        if (!display.empty() && display != names) {
            made += labelled(paint, "", harmless(joined(display)));
        }
    }
    const auto since = time(endpoint, "since");
    made +=
        labelled(paint, "state",
                 fmt::format("{}{}; {}", paint.state(text(endpoint, "state")),
                             since ? " for " + duration(so_far(*since, now)) : "", next_look(endpoint, now)));
    made += problem_text(object(endpoint, "reason"), paint);
    made += labelled(paint, "kind", text(endpoint, "kind"));
    if (text(endpoint, "redirect_to").empty()) {
        made += labelled(paint, "upstream", upstream_text(endpoint));
    } else {
        made += labelled(
            paint, "redirect",
            redirect_text(endpoint, "redirect") + (flag(endpoint, "on_demand") ? "; it came on demand" : ""));
    }
    made += serving_text(endpoint, paint);
    made += labelled(paint, "IP filter", filter_text(endpoint));
    made += labelled(paint, "serves", served_text(endpoint, now));
    if (const auto edges = edges_text(endpoint, now); !edges.empty()) {
        made += labelled(paint, "edges", edges);
    }
    const auto& order = object(endpoint, "order");
    if (!order.empty()) {
        made += labelled(paint, "order", order_text(order, paint, now));
    }
    made += "\n" + paint.bold("DNS records") + "\n" + records_text(endpoint, paint);
    made += caa_text(endpoint, paint);
    const auto certificates = objects(endpoint, "certificates");
    if (!certificates.empty()) {
        made += "\n" + paint.bold("Certificates") + "\n" + certificate_list_text(certificates, paint, now);
    }
    const auto commands = next_commands(endpoint);
    if (!commands.empty()) {
        made += "\n" + paint.bold("Next") + "\n" + commands;
    }
    return made;
}

}  // namespace cli
