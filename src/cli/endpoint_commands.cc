// certwright endpoint ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_verbs.h"

namespace cli {

namespace {

void add_endpoint_add(CLI::App& noun, Console& console)
{
    auto options = std::make_shared<NewNames>();
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
    add_whose(verb, *options);
    verb.callback([options, &console] {
        if (!options->settings.upstream && options->group.empty()) {
            throw CLI::RequiredError("--to");
        }
        send_new(console, *options);
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
        send_change(console, options->endpoint, body, options->yes);
    });
}

}  // namespace

void add_endpoint_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "endpoint", "Names that are kept on valid HTTPS");
    add_endpoint_add(noun, console);
    add_plain_verb(noun, console,
                   {"show", "Show state, records, certificates and what to do next", "GET", ""});
    add_list_verb(noun, console, "");
    add_endpoint_update(noun, console);
    add_plain_verb(noun, console, {"check", "Look at its DNS now", "POST", "/check"});
    add_plain_verb(noun, console, {"retry", "End back-off and parking: try again now", "POST", "/retry"});
    add_remove_verb(noun, console);
    add_endpoint_lifecycle_commands(noun, console);
}

}  // namespace cli
