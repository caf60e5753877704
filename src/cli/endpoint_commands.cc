// certwright endpoint ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "cli/wait.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace cli {

namespace {

void show_endpoint(Console& console, const json::object& endpoint)
{
    if (!console.print_json(endpoint)) {
        console.out() << endpoint_text(endpoint, console.paint(), console.now());
    }
}

// What an update answers has no certificates; people see the whole.
void show_updated(Console& console, const std::string& endpoint, const json::object& updated)
{
    if (console.print_json(updated)) {
        return;
    }
    if (const auto whole = console.call("GET", endpoint_path(endpoint))) {
        show_endpoint(console, whole->object());
    }
}

void show_added(Console& console, const json::object& endpoint, bool created)
{
    const auto& paint = console.paint();
    console.out() << fmt::format("{} {}  {}\n\n", paint.bold(both_names(endpoint)),
                                 created ? "was added" : "is here already", paint.dim(text(endpoint, "id")));
    console.out() << paint.bold("Create these records at the DNS provider:") << "\n"
                  << records_text(endpoint, paint);
    const auto warnings = objects(endpoint, "warnings");
    const bool elsewhere = std::ranges::any_of(
        warnings, [](const json::object& each) { return text(each, "code") == "name_in_use"; });
    console.out()
        << (elsewhere
                ? "\ncertwright looks for them by itself and gets the certificate; with the ownership "
                  "record there the\nname then moves to this account, without an interruption. To "
                  "watch it:\n"
                : "\ncertwright looks for them by itself and then gets the certificate. To watch it:\n");
    console.out() << "  certwright endpoint show " << text(endpoint, "name") << "\n";
}

void add_endpoint(Console& console, const std::vector<std::string>& names, const std::string& tenant,
                  const Settings& settings, const Waiting& waiting, const std::string& group)
{
    auto body = to_json(settings);
    if (!group.empty()) {
        body["edge_group"] = group;
    }
    body["names"] = array_of(names);
    if (!tenant.empty()) {
        body["tenant"] = tenant;
    }
    const auto reply = console.call("POST", "/v1/endpoints", body);
    if (!reply) {
        return;
    }
    console.tell_warnings(reply->object());
    if (!waiting.wait) {
        if (!console.print_json(reply->body)) {
            show_added(console, reply->object(), reply->status == 201);
        }
        return;
    }
    if (!console.globals.json) {
        show_added(console, reply->object(), reply->status == 201);
        console.out() << "\n" << std::flush;
    }
    if (const auto active = wait_until_active(console, text(reply->object(), "id"), waiting.limit())) {
        show_endpoint(console, *active);
    }
}

void list_endpoints(Console& console, std::string query, bool all)
{
    json::array items;
    std::string after;
    for (;;) {
        const auto reply = console.call(
            "GET", "/v1/endpoints?" + query + (after.empty() ? "" : "&after=" + http::percent_encode(after)));
        if (!reply) {
            return;
        }
        for (const auto& each : objects(reply->object(), "items")) {
            items.emplace_back(each);
        }
        after = text(reply->object(), "next");
        if (after.empty() || !all) {
            break;
        }
    }
    json::object page;
    page["items"] = std::move(items);
    page["next"] = after.empty() ? json::value(nullptr) : json::value(after);
    if (console.print_json(page)) {
        return;
    }
    const bool narrowed = query.contains('&');
    if (narrowed && page["items"].as_array().empty()) {
        console.out() << "No endpoint is like that. All of them: certwright endpoint list\n";
    } else {
        console.out() << endpoint_list_text(page, console.paint(), console.now());
        if (!after.empty()) {
            console.err() << "There are more: add --all, or narrow it with --search or --state.\n";
        }
    }
}

// Removing ends HTTPS at once; it can be taken back only while the names are held.
bool confirmed(Console& console, const std::string& endpoint, bool yes)
{
    if (yes) {
        return true;
    }
    if (!console.err_is_terminal()) {
        console.tell_problem("this ends HTTPS for " + endpoint, "", "Add --yes to go ahead.");
        console.status = usage;
        return false;
    }
    console.err() << fmt::format(
                         "This ends HTTPS for {} at once, and its DNS records lose their meaning. Type its "
                         "name to go on: ",
                         endpoint)
                  << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != endpoint) {
        console.err() << "Nothing was removed.\n";
        console.status = problem;
        return false;
    }
    return true;
}

// What a change would still need comes before the change.
bool accepted(Console& console, const std::string& endpoint, json::object change)
{
    change["preview"] = true;
    const auto preview = console.call("PATCH", endpoint_path(endpoint), change);
    if (!preview) {
        return false;
    }
    if (objects(preview->object(), "warnings").empty()) {
        return true;
    }
    console.tell_warnings(preview->object());
    if (!console.err_is_terminal()) {
        console.err() << "Nothing was changed. Add --yes to go ahead all the same.\n";
        console.status = problem;
        return false;
    }
    console.err() << "Change it all the same? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "yes") {
        console.err() << "Nothing was changed.\n";
        console.status = problem;
        return false;
    }
    return true;
}

void add_endpoint_add(CLI::App& noun, Console& console)
{
    struct Options {
        std::vector<std::string> names;
        std::string tenant;
        std::string group;
        Settings settings;
        Waiting waiting;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(
        noun, "add", "Add names, and print the DNS records to create",
        "certwright endpoint add shop.example.com --to http://10.0.0.5:3000\n"
        "certwright endpoint add wiki.example.com --to http://10.0.0.6 --internal --allow 192.0.2.0/24\n"
        "certwright endpoint add '*.shop.example.com' --to http://10.0.0.5:3000 --wait");
    verb.add_option("NAME", options->names, "Domain names; Unicode and wildcards are fine")->required();
    verb.add_option(
            "--to", options->settings.upstream,
            "Where requests go: http://host:port or https://host; not needed behind proxies of others")
        ->type_name("URL");
    add_settings(verb, options->settings);
    verb.add_option("--tenant", options->tenant, "Whose endpoint it becomes (operator only)")
        ->type_name("ID");
    verb.add_option("--group", options->group, "The edge group that serves it (operator only)")
        ->type_name("NAME");
    add_waiting(verb, options->waiting);
    verb.callback([options, &console] {
        if (!options->settings.upstream && options->group.empty()) {
            throw CLI::RequiredError("--to");
        }
        add_endpoint(console, options->names, options->tenant, options->settings, options->waiting,
                     options->group);
    });
}

void add_endpoint_list(CLI::App& noun, Console& console)
{
    struct Options {
        std::string state;
        std::string search;
        std::string tenant;
        bool all = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "list", "List endpoints, oldest first",
                          "certwright endpoint list --state action_required\ncertwright endpoint list "
                          "--search example.com --json");
    verb.add_option("--state", options->state, "Only those in this state, e.g. active or pending_dns");
    verb.add_option("--search", options->search, "Only names with this in them")->type_name("TEXT");
    verb.add_option("--tenant", options->tenant, "Only this tenant's (operator only)")->type_name("ID");
    verb.add_flag("--all", options->all, "Every page, not only the first hundred");
    verb.callback([options, &console] {
        std::string query = options->all ? "limit=500" : "limit=100";
        const auto add = [&](std::string_view name, const std::string& value) {
            query += value.empty() ? "" : fmt::format("&{}={}", name, http::percent_encode(value));
        };
        add("state", options->state);
        add("q", options->search);
        add("tenant", options->tenant);
        list_endpoints(console, query, options->all);
    });
}

void add_endpoint_update(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        Settings settings;
        bool yes = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb =
        add_verb(noun, "update", "Change what is behind a name and who may reach it",
                 "certwright endpoint update shop.example.com --to http://10.0.0.9:3000\n"
                 "certwright endpoint update wiki.example.com --allow 192.0.2.0/24 --allow 2001:db8::/32\n"
                 "certwright endpoint update wiki.example.com --external --allow-all");
    verb.add_option("NAME", options->endpoint, "A name or an id")->required();
    verb.add_option("--to", options->settings.upstream, "Where requests go")->type_name("URL");
    add_settings(verb, options->settings);
    verb.add_flag("--yes", options->yes, "Go ahead although something is still to be done in DNS");
    verb.callback([options, &console] {
        const auto body = to_json(options->settings);
        if (body.empty()) {
            console.tell_problem("nothing to change was given", "", "See: certwright endpoint update --help");
            console.status = usage;
            return;
        }
        if (!options->yes && !accepted(console, options->endpoint, body)) {
            return;
        }
        if (const auto reply = console.call("PATCH", endpoint_path(options->endpoint), body)) {
            if (options->yes) {
                console.tell_warnings(reply->object());
            }
            show_updated(console, options->endpoint, reply->object());
        }
    });
}

void add_endpoint_remove(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        bool yes = false;
        bool revoke = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "remove", "Stop serving a name and forget it",
                          "certwright endpoint remove shop.example.com --yes\n"
                          "certwright endpoint remove shop.example.com --revoke --yes");
    verb.add_option("NAME", options->endpoint, "A name or an id")->required();
    verb.add_flag("--yes", options->yes, "Do not ask");
    verb.add_flag("--revoke", options->revoke, "Tell the CA too that its certificates are given up");
    verb.callback([options, &console] {
        if (!confirmed(console, options->endpoint, options->yes)) {
            return;
        }
        const auto reply =
            console.call("DELETE", endpoint_path(options->endpoint, options->revoke ? "?revoke=true" : ""));
        if (reply && !console.print_json(reply->body)) {
            console.out() << endpoint_summary(reply->object(), console.paint()) << "\n";
        }
    });
}

// show, check and retry: one name, one call, the endpoint as answer.
void add_simple(CLI::App& noun, Console& console, const std::string& name, const std::string& description,
                const std::string& method, const std::string& suffix)
{
    auto endpoint = std::make_shared<std::string>();
    auto& verb = add_verb(noun, name, description, "certwright endpoint " + name + " shop.example.com");
    verb.add_option("NAME", *endpoint, "A name or an id")->required();
    verb.callback([endpoint, method, suffix, &console] {
        if (const auto reply = console.call(method, endpoint_path(*endpoint, suffix))) {
            show_endpoint(console, reply->object());
        }
    });
}

}  // namespace

void add_endpoint_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "endpoint", "Names that are kept on valid HTTPS");
    add_endpoint_add(noun, console);
    add_simple(noun, console, "show", "Show state, records, certificates and what to do next", "GET", "");
    add_endpoint_list(noun, console);
    add_endpoint_update(noun, console);
    add_simple(noun, console, "check", "Look at its DNS now", "POST", "/check");
    add_simple(noun, console, "retry", "End back-off and parking: try again now", "POST", "/retry");
    add_endpoint_remove(noun, console);
    add_endpoint_lifecycle_commands(noun, console);
}

}  // namespace cli
