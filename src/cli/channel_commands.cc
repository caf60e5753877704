// certwright channel ...
#include "cli/channel_commands.h"

#include "cli/endpoint_settings.h"
#include "cli/render_alerts.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <thread>

namespace cli {

namespace {

struct Wanted {
    std::string reference;
    std::string name;
    std::string mail;
    std::string webhook;
    std::string tenant;
    std::string severity;
    std::vector<std::string> events;
    bool support = false;
    bool everything = false;
    bool enable = false;
    bool disable = false;
    bool new_secret = false;
};

constexpr std::chrono::seconds test_limit{45};
constexpr std::chrono::milliseconds between_looks{300};

std::string channel_path(const std::string& reference)
{
    return "/v1/channels/" + http::percent_encode(reference);
}

void add_channel_settings(CLI::App& verb, Wanted& wanted)
{
    verb.add_option(
            "--event", wanted.events,
            "What it is told of: alert.* (default), certificate.*, endpoint.parked, *; may be repeated")
        ->type_name("TYPE")
        ->allow_extra_args(false);
    verb.add_option("--severity", wanted.severity,
                    "The least severity of alerts: warning (default) or critical")
        ->check(CLI::IsMember({"warning", "critical"}))
        ->type_name("WORD");
    verb.add_flag("--support", wanted.support,
                  "The operator's: what customers must mend, for the support team");
    verb.add_flag("--everything", wanted.everything,
                  "The operator's: what operators and customers must mend");
}

json::object settings_of(const Wanted& wanted)
{
    json::object body;
    if (!wanted.events.empty()) {
        body["events"] = array_of(wanted.events);
    }
    if (!wanted.severity.empty()) {
        body["severity"] = wanted.severity;
    }
    if (wanted.support || wanted.everything) {
        body["audience"] = wanted.everything ? "all" : "support";
    }
    return body;
}

bool is_unconfirmed(const json::object& channel)
{
    return channel.contains("confirmed") && !flag(channel, "confirmed");
}

void tell_code_was_mailed(Console& console, const json::object& channel)
{
    console.out() << fmt::format(
        "A mail with a code is on its way to {}. It hears of nothing before the code is given:\n"
        "  certwright channel confirm {} CODE\n",
        harmless(text(channel, "target")), text(channel, "id"));
}

void tell_secret(Console& console, const json::object& channel)
{
    if (!text(channel, "secret").empty()) {
        console.out() << fmt::format("The secret that signs what it sends, shown only now:\n  {}\n",
                                     text(channel, "secret"));
    }
}

void add_channel(Console& console, const Wanted& wanted)
{
    if (wanted.mail.empty() == wanted.webhook.empty()) {
        console.tell_problem("a channel has either --mail or --webhook", "usage",
                             "Commands are named in the configuration file: alerts.exec.");
        console.status = 2;
        return;
    }
    auto body = settings_of(wanted);
    body["name"] = wanted.name;
    body["kind"] = wanted.mail.empty() ? "webhook" : "email";
    body["target"] = wanted.mail.empty() ? wanted.webhook : wanted.mail;
    if (!wanted.tenant.empty()) {
        body["tenant"] = wanted.tenant;
    }
    const auto reply = console.call("POST", "/v1/channels", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    const auto id = text(reply->object(), "id");
    if (is_unconfirmed(reply->object())) {
        console.out() << fmt::format("The channel {} is here ({}).\n", wanted.name, id);
        tell_code_was_mailed(console, reply->object());
        return;
    }
    console.out() << fmt::format("The channel {} is here ({}). Try it: certwright channel test {}\n",
                                 wanted.name, id, id);
    tell_secret(console, reply->object());
}

void update_channel(Console& console, const Wanted& wanted)
{
    auto body = settings_of(wanted);
    const auto target = wanted.mail.empty() ? wanted.webhook : wanted.mail;
    if (!wanted.name.empty()) {
        body["name"] = wanted.name;
    }
    if (!target.empty()) {
        body["target"] = target;
    }
    if (wanted.enable || wanted.disable) {
        body["enabled"] = wanted.enable;
    }
    if (wanted.new_secret) {
        body["new_secret"] = true;
    }
    const auto reply = console.call("PATCH", channel_path(wanted.reference), body);
    if (reply && !console.print_json(reply->body)) {
        console.out() << channel_text(reply->object(), console.paint(), console.now());
        tell_secret(console, reply->object());
        if (is_unconfirmed(reply->object())) {
            tell_code_was_mailed(console, reply->object());
        }
    }
}

void confirm_channel(Console& console, const std::string& reference, const std::string& code)
{
    const auto body = code.empty() ? json::object() : json::object{{"code", code}};
    const auto reply = console.call("POST", channel_path(reference) + "/confirm", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    if (code.empty()) {
        tell_code_was_mailed(console, reply->object());
    } else {
        console.out() << fmt::format("{} is confirmed: {} hears of what its tenant must mend.\n",
                                     harmless(text(reply->object(), "name")),
                                     harmless(text(reply->object(), "target")));
    }
}

// The delivery as the channel shows it now; empty when it is not among the last ones.
json::object find_delivery(const json::object& channel, const std::string& id)
{
    for (const auto& each : objects(channel, "deliveries")) {
        if (text(each, "id") == id) {
            return each;
        }
    }
    return {};
}

void tell_failed_test(Console& console, const json::object& delivery)
{
    const auto error = text(delivery, "error");
    console.tell_problem(error.empty() ? "the test has not been delivered yet" : error, "test_failed",
                         "certwright goes on trying; `certwright channel show` tells how it went.");
    console.status = 1;
}

void test_channel(Console& console, const std::string& reference)
{
    const auto sent = console.call("POST", channel_path(reference) + "/test");
    if (!sent) {
        return;
    }
    const auto id = text(sent->object(), "id");
    auto delivery = sent->object();
    const auto deadline = std::chrono::steady_clock::now() + test_limit;
    while (text(delivery, "state") == "waiting" && number(delivery, "attempts") == 0 &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(between_looks);
        const auto channel = console.call("GET", channel_path(text(delivery, "channel")));
        if (!channel) {
            return;
        }
        delivery = find_delivery(channel->object(), id);
    }
    const bool delivered = text(delivery, "state") == "delivered";
    if (console.print_json(delivery)) {
        console.status = delivered ? 0 : 1;
    } else if (delivered) {
        console.out() << fmt::format("Delivered as {}.\n", id);
    } else {
        tell_failed_test(console, delivery);
    }
}

void add_channel_add(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<Wanted>();
    auto& add =
        add_verb(noun, "add", "Add somebody who is told",
                 "certwright channel add ops-mail --mail ops@example.com\n"
                 "certwright channel add help-desk --mail support@example.com --support\n"
                 "certwright channel add chat --webhook https://hooks.example.net/x --severity critical\n"
                 "certwright channel add billing --webhook https://app.example.net/hook --event "
                 "'certificate.*'\n"
                 "certwright channel add acme-mail --tenant acme --mail admin@acme.example");
    add.add_option("NAME", wanted->name, "What people call it")->required();
    add.add_option("--mail", wanted->mail, "One mail address")->type_name("ADDRESS");
    add.add_option("--webhook", wanted->webhook, "A URL that takes POST requests")->type_name("URL");
    add.add_option("--tenant", wanted->tenant, "Whose channel, if you are the operator; without it yours")
        ->type_name("ID");
    add_channel_settings(add, *wanted);
    add.callback([wanted, &console] { add_channel(console, *wanted); });
}

void add_channel_update(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<Wanted>();
    auto& update = add_verb(noun, "update", "Change a channel; what is not given stays",
                            "certwright channel update chat --severity critical\n"
                            "certwright channel update chat --disable\n"
                            "certwright channel update chat --new-secret");
    update.add_option("CHANNEL", wanted->reference, "Its name or id")->required();
    update.add_option("--name", wanted->name, "Another name")->type_name("TEXT");
    update.add_option("--mail", wanted->mail, "Another mail address")->type_name("ADDRESS");
    update.add_option("--webhook", wanted->webhook, "Another URL")->type_name("URL");
    add_channel_settings(update, *wanted);
    update.add_flag("--enable", wanted->enable, "Use it again; what waits is sent");
    update.add_flag("--disable", wanted->disable, "Send nothing; what waits stays");
    update.add_flag("--new-secret", wanted->new_secret, "Sign with a new secret, which is printed once");
    update.callback([wanted, &console] { update_channel(console, *wanted); });
}

void add_confirm(CLI::App& noun, Console& console)
{
    struct Options {
        std::string reference;
        std::string code;
    };
    auto options = std::make_shared<Options>();
    auto& confirm =
        add_verb(noun, "confirm", "Confirm a tenant's mail address by the code that was mailed there",
                 "certwright channel confirm acme-mail abcd-efgh-ijkl\n"
                 "certwright channel confirm acme-mail        has another code mailed");
    confirm.add_option("CHANNEL", options->reference, "Its name or id")->required();
    confirm.add_option("CODE", options->code, "From the newest mail; without it another one is mailed");
    confirm.callback([options, &console] { confirm_channel(console, options->reference, options->code); });
}

}  // namespace

void add_channel_test(CLI::App& noun, Console& console, const std::string& example)
{
    auto reference = std::make_shared<std::string>();
    auto& test = add_verb(noun, "test", "Send a test notice, and tell whether it arrived", example);
    test.add_option("CHANNEL", *reference, "Its name or id")->required();
    test.callback([reference, &console] { test_channel(console, *reference); });
}

void add_channel_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "channel", "Who is told: mail addresses, webhooks, commands");
    add_channel_add(noun, console);
    auto& list = add_verb(noun, "list", "List channels and whether they work", "certwright channel list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/channels");
        if (reply && !console.print_json(reply->body)) {
            console.out() << channel_list_text(reply->object(), console.paint(), console.now());
        }
    });
    auto reference = std::make_shared<std::string>();
    auto& show = add_verb(noun, "show", "Show a channel: last success, last error, what waits",
                          "certwright channel show ops-mail");
    show.add_option("CHANNEL", *reference, "Its name or id")->required();
    show.callback([reference, &console] {
        const auto reply = console.call("GET", channel_path(*reference));
        if (reply && !console.print_json(reply->body)) {
            console.out() << channel_text(reply->object(), console.paint(), console.now());
        }
    });
    add_channel_update(noun, console);
    auto removed = std::make_shared<std::string>();
    auto& remove =
        add_verb(noun, "remove", "Remove a channel and what waits for it", "certwright channel remove chat");
    remove.add_option("CHANNEL", *removed, "Its name or id")->required();
    remove.callback([removed, &console] {
        if (console.call("DELETE", channel_path(*removed)) && !console.globals.json) {
            console.out() << fmt::format("{} is gone.\n", *removed);
        }
    });
    add_confirm(noun, console);
    add_channel_test(noun, console, "certwright channel test ops-mail");
}

}  // namespace cli
