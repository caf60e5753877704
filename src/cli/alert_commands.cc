// certwright alert ...
#include "base/config.h"
#include "cli/channel_commands.h"
#include "cli/render_alerts.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace cli {

namespace {

struct Listing {
    std::string endpoint;
    std::string rule;
    std::string after;
    bool all = false;
    bool silences = false;
};

struct Silencing {
    std::string alert;
    std::string endpoint;
    std::string rule;
    std::string length = "1d";
    std::string reason;
};

void list_alerts(Console& console, const Listing& wanted)
{
    if (wanted.silences) {
        const auto reply = console.call("GET", "/v1/silences");
        if (reply && !console.print_json(reply->body)) {
            console.out() << silence_list_text(reply->object(), console.paint(), console.now());
        }
        return;
    }
    std::string query = wanted.all ? "?resolved=true" : "?resolved=false";
    const auto add = [&](std::string_view name, const std::string& value) {
        query += value.empty() ? std::string() : fmt::format("&{}={}", name, http::percent_encode(value));
    };
    add("endpoint", wanted.endpoint);
    add("rule", wanted.rule);
    add("after", wanted.after);
    const auto reply = console.call("GET", "/v1/alerts" + query);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    const bool narrowed = !wanted.endpoint.empty() || !wanted.rule.empty();
    if (narrowed && objects(reply->object(), "items").empty()) {
        console.out() << "No alert is like that. All of them: certwright alert list\n";
    } else {
        console.out() << alert_list_text(reply->object(), console.paint(), console.now());
    }
}

void silence(Console& console, const Silencing& wanted)
{
    const auto length = base::parse_duration(wanted.length);
    if (!length) {
        console.tell_problem(length.error().message(), "duration_invalid", "Write 30m, 8h or 3d.");
        console.status = 2;
        return;
    }
    json::object body;
    for (const auto& [name, value] :
         {std::pair("alert", wanted.alert), std::pair("endpoint", wanted.endpoint),
          std::pair("rule", wanted.rule), std::pair("reason", wanted.reason)}) {
        if (!value.empty()) {
            body[name] = value;
        }
    }
    body["until"] = base::to_rfc3339(console.now() + *length);
    const auto reply = console.call("POST", "/v1/silences", body);
    if (reply && !console.print_json(reply->body)) {
        console.out() << fmt::format(
            "No notices about it before {}. To hear of it again: certwright alert "
            "unsilence {}\n",
            text(reply->object(), "until"), text(reply->object(), "id"));
    }
}

void add_alert_list(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<Listing>();
    auto& verb = add_verb(noun, "list", "List what is wrong, newest first",
                          "certwright alert list\n"
                          "certwright alert list --rule renewal_failing\n"
                          "certwright alert list --endpoint shop.example.com --all\n"
                          "certwright alert list --silences");
    verb.add_option("--endpoint", wanted->endpoint, "Only of this endpoint")->type_name("NAME");
    verb.add_option("--rule", wanted->rule, "Only of this rule, e.g. expiring")->type_name("RULE");
    verb.add_option("--after", wanted->after, "Go on after this cursor")->type_name("CURSOR");
    verb.add_flag("--all", wanted->all, "Those that are over too");
    verb.add_flag("--silences", wanted->silences, "List what is silenced instead");
    verb.callback([wanted, &console] { list_alerts(console, *wanted); });
}

void add_alert_show(CLI::App& noun, Console& console)
{
    auto id = std::make_shared<std::string>();
    auto& verb = add_verb(noun, "show", "Show one alert: what, until when, and who must act",
                          "certwright alert show alr_abc");
    verb.add_option("ID", *id, "The alert's id, from a notice or from alert list")->required();
    verb.callback([id, &console] {
        const auto reply = console.call("GET", "/v1/alerts/" + http::percent_encode(*id));
        if (reply && !console.print_json(reply->body)) {
            console.out() << alert_text(reply->object(), console.paint(), console.now());
        }
    });
}

void add_silence(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<Silencing>();
    auto& verb =
        add_verb(noun, "silence", "Send no notices about an alert, an endpoint, or a rule for a while",
                 "certwright alert silence alr_abc --for 3d\n"
                 "certwright alert silence --endpoint shop.example.com --for 8h --reason moving\n"
                 "certwright alert silence --rule edge_unreachable --for 30m");
    verb.add_option("ID", wanted->alert, "The alert's id");
    verb.add_option("--endpoint", wanted->endpoint, "Everything about this endpoint")->type_name("NAME");
    verb.add_option("--rule", wanted->rule, "Everything of this rule")->type_name("RULE");
    verb.add_option("--for", wanted->length, "How long: 30m, 8h, 3d")
        ->type_name("TIME")
        ->capture_default_str();
    verb.add_option("--reason", wanted->reason, "Why, for the others")->type_name("TEXT");
    verb.callback([wanted, &console] { silence(console, *wanted); });
}

void add_unsilence(CLI::App& noun, Console& console)
{
    auto id = std::make_shared<std::string>();
    auto& verb = add_verb(noun, "unsilence", "End a silence now",
                          "certwright alert list --silences\n"
                          "certwright alert unsilence sil_abc");
    verb.add_option("ID", *id, "The silence's id, from alert list --silences")->required();
    verb.callback([id, &console] {
        if (console.call("DELETE", "/v1/silences/" + http::percent_encode(*id)) && !console.globals.json) {
            console.out() << fmt::format("{} has ended.\n", *id);
        }
    });
}

}  // namespace

void add_alert_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "alert", "What is wrong, who must act, and who is told");
    add_alert_list(noun, console);
    add_alert_show(noun, console);
    add_silence(noun, console);
    add_unsilence(noun, console);
    add_channel_test(noun, console, "certwright alert test ops-mail");
    add_channel_commands(app, console);
}

}  // namespace cli
