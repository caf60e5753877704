// certwright status, doctor, ca ..., edge ..., event ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <thread>

namespace cli {

namespace {

void list_events(Console& console, const std::string& endpoint, std::int64_t limit)
{
    const auto path = fmt::format("/v1/events?limit={}{}", limit,
                                  endpoint.empty() ? "" : "&endpoint=" + http::percent_encode(endpoint));
    const auto reply = console.call("GET", path);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    for (const auto& each : objects(reply->object(), "items")) {
        console.out() << event_text(each, console.paint());
    }
}

// Until the process is stopped or the API is gone. One JSON object a line with --json.
void follow_events(Console& console)
{
    auto reply = console.call("GET", "/v1/events?limit=10");
    while (reply) {
        for (const auto& each : objects(reply->object(), "items")) {
            if (!console.print_json(each)) {
                console.out() << event_text(each, console.paint());
            }
        }
        console.out() << std::flush;
        std::this_thread::sleep_for(std::chrono::seconds(1));
        reply = console.call("GET", "/v1/events?limit=1000&after=" + text(reply->object(), "next"));
    }
}

void add_event_commands(CLI::App& app, Console& console)
{
    struct Options {
        std::string endpoint;
        std::int64_t limit = 50;
    };
    auto options = std::make_shared<Options>();
    auto& noun = add_noun(app, "event", "What happened");
    auto& list =
        add_verb(noun, "list", "The newest events", "certwright event list --endpoint shop.example.com");
    list.add_option("--endpoint", options->endpoint, "Only those of this endpoint")->type_name("NAME");
    list.add_option("--limit", options->limit, "How many")
        ->check(CLI::Range(1, 1000).description(""))
        ->type_name("NUMBER")
        ->capture_default_str();
    list.callback([options, &console] { list_events(console, options->endpoint, options->limit); });
    auto& follow = add_verb(noun, "follow", "Print events as they happen", "certwright event follow --json");
    follow.callback([&console] { follow_events(console); });
}

void add_ca_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "ca", "Accounts with certificate authorities");
    add_ca_verbs(noun, console);
    add_limit_commands(noun, console);
}

}  // namespace

void add_overview_commands(CLI::App& app, Console& console)
{
    auto& status =
        add_verb(app, "status", "How everything stands", "certwright status\ncertwright status --json");
    status.callback([&console] {
        const auto reply = console.call("GET", "/v1/status");
        if (reply && text(reply->object(), "version").empty()) {
            console.tell_stranger();
        } else if (reply && !console.print_json(reply->body)) {
            console.out() << status_text(reply->object(), console.paint(), console.now());
        }
    });
    add_doctor_command(app, console);
    add_ca_commands(app, console);
    add_edge_commands(app, console);
    add_event_commands(app, console);
}

}  // namespace cli
