// What is done with endpoints and with redirects alike.
#include "cli/endpoint_verbs.h"

#include "cli/cli.h"
#include "cli/commands.h"
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
    const auto* done = created                     ? "was added"
                       : flag(endpoint, "changed") ? "was here already, and was changed to what you said"
                                                   : "is here already, as you said";
    console.out() << fmt::format("{} {}  {}\n\n", paint.bold(both_names(endpoint)), done,
                                 paint.dim(text(endpoint, "id")));
    if (text(endpoint, "state") == "active") {
        console.out() << fmt::format("It is active. All about it:\n  certwright endpoint show {}\n",
                                     text(endpoint, "name"));
        return;
    }
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

struct Asked {
    std::string query;
    std::string word;  // endpoint or redirect
    bool all = false;
    bool narrowed = false;
};

// A page of a search may have fewer than it could and still be followed by another.
void list_endpoints(Console& console, const Asked& asked)
{
    constexpr std::size_t shown_at_once = 100;
    json::array items;
    std::string after;
    for (;;) {
        const auto reply =
            console.call("GET", "/v1/endpoints?" + asked.query +
                                    (after.empty() ? "" : "&after=" + http::percent_encode(after)));
        if (!reply) {
            return;
        }
        for (const auto& each : objects(reply->object(), "items")) {
            items.emplace_back(each);
        }
        after = text(reply->object(), "next");
        if (after.empty() || (!asked.all && items.size() >= shown_at_once)) {
            break;
        }
    }
    json::object page;
    page["items"] = std::move(items);
    page["next"] = after.empty() ? json::value(nullptr) : json::value(after);
    if (console.print_json(page)) {
        return;
    }
    const bool none = page["items"].as_array().empty();
    if (none && asked.narrowed) {
        console.out() << fmt::format("No {0} is like that. All of them: certwright {0} list\n", asked.word);
    } else if (none && asked.word == "redirect") {
        console.out()
            << "No redirects. Add one: certwright redirect add example.com --to https://www.example.com\n";
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

}  // namespace

void add_whose(CLI::App& verb, NewNames& wanted)
{
    verb.add_option("--tenant", wanted.tenant, "Whose it becomes (operator only)")->type_name("ID");
    verb.add_option("--group", wanted.group, "The edge group that serves it (operator only)")
        ->type_name("NAME");
    add_waiting(verb, wanted.waiting);
}

void send_new(Console& console, const NewNames& wanted)
{
    auto body = to_json(wanted.settings);
    body["names"] = array_of(wanted.names);
    if (!wanted.group.empty()) {
        body["edge_group"] = wanted.group;
    }
    if (!wanted.tenant.empty()) {
        body["tenant"] = wanted.tenant;
    }
    const auto reply = console.call("POST", "/v1/endpoints", body);
    if (!reply) {
        return;
    }
    console.tell_warnings(reply->object());
    if (!wanted.waiting.wait) {
        if (!console.print_json(reply->body)) {
            show_added(console, reply->object(), reply->status == 201);
        }
        return;
    }
    if (!console.globals.json) {
        show_added(console, reply->object(), reply->status == 201);
        console.out() << "\n" << std::flush;
    }
    if (const auto active = wait_until_active(console, text(reply->object(), "id"), wanted.waiting.limit())) {
        show_endpoint(console, *active);
    }
}

void send_change(Console& console, const std::string& endpoint, const json::object& body, bool yes)
{
    if (!yes && !accepted(console, endpoint, body)) {
        return;
    }
    if (const auto reply = console.call("PATCH", endpoint_path(endpoint), body)) {
        if (yes) {
            console.tell_warnings(reply->object());
        }
        show_updated(console, endpoint, reply->object());
    }
}

void add_list_verb(CLI::App& noun, Console& console, const std::string& only)
{
    struct Options {
        std::string state;
        std::string search;
        std::string tenant;
        bool all = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(
        noun, "list", fmt::format("List {}s, oldest first", noun.get_name()),
        fmt::format(
            "certwright {0} list --state action_required\ncertwright {0} list --search example.com --json",
            noun.get_name()));
    verb.add_option("--state", options->state, "Only those in this state, e.g. active or pending_dns");
    verb.add_option("--search", options->search, "Only names with this in them")->type_name("TEXT");
    verb.add_option("--tenant", options->tenant, "Only this tenant's (operator only)")->type_name("ID");
    verb.add_flag("--all", options->all, "Every page, not only the first hundred");
    verb.callback([options, only, word = noun.get_name(), &console] {
        std::string query = only + (options->all ? "limit=500" : "limit=100");
        const auto add = [&](std::string_view name, const std::string& value) {
            query += value.empty() ? "" : fmt::format("&{}={}", name, http::percent_encode(value));
        };
        add("state", options->state);
        add("q", options->search);
        add("tenant", options->tenant);
        const bool narrowed = !options->state.empty() || !options->search.empty() || !options->tenant.empty();
        list_endpoints(console, {query, word, options->all, narrowed});
    });
}

void add_remove_verb(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        bool yes = false;
        bool revoke = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "remove", "Stop serving a name and forget it",
                          fmt::format("certwright {0} remove shop.example.com --yes\n"
                                      "certwright {0} remove shop.example.com --revoke --yes",
                                      noun.get_name()));
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
void add_plain_verb(CLI::App& noun, Console& console, const PlainVerb& plain)
{
    auto endpoint = std::make_shared<std::string>();
    auto& verb = add_verb(noun, plain.name, plain.description,
                          fmt::format("certwright {} {} shop.example.com", noun.get_name(), plain.name));
    verb.add_option("NAME", *endpoint, "A name or an id")->required();
    verb.callback([endpoint, plain, &console] {
        if (const auto reply = console.call(plain.method, endpoint_path(*endpoint, plain.suffix))) {
            show_endpoint(console, reply->object());
        }
    });
}

}  // namespace cli
