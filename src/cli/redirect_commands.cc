// certwright redirect ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_verbs.h"

namespace cli {

namespace {

void add_target(CLI::App& verb, Settings& settings)
{
    verb.add_option("--status", settings.redirect_status,
                    "301 (default), 302, 307 or 308; 307 and 308 keep the method of requests")
        ->check(CLI::IsMember({301, 302, 307, 308}))
        ->type_name("STATUS");
    auto* keep =
        verb.add_flag("--keep-path", settings.keep_path, "Path and query follow the target (default)");
    verb.add_flag("--no-keep-path", settings.no_keep_path, "Every request leads to the target itself")
        ->excludes(keep);
    add_common_settings(verb, settings);
}

void add_redirect_add(CLI::App& noun, Console& console)
{
    auto redirect = std::make_shared<NewNames>();
    auto& verb =
        add_verb(noun, "add", "Redirect names over HTTP and HTTPS, and print the DNS records to create",
                 "certwright redirect add example.com --to https://www.example.com\n"
                 "certwright redirect add old.example.com --to https://www.example.com/news "
                 "--no-keep-path --status 302\n"
                 "certwright redirect add example.net example.org --to 'https://www.{name}' --wait");
    verb.add_option("NAME", redirect->names, "Domain names; Unicode and wildcards are fine")->required();
    verb.add_option("--to", redirect->settings.redirect_to, "Where to; {name} in it is the name asked for")
        ->required()
        ->type_name("URL");
    add_target(verb, redirect->settings);
    add_whose(verb, *redirect);
    verb.callback([redirect, &console] { send_new(console, *redirect); });
}

void add_update(CLI::App& noun, Console& console)
{
    struct Change {
        std::string endpoint;
        Settings settings;
        bool yes = false;
    };
    auto redirect = std::make_shared<Change>();
    auto& verb = add_verb(noun, "update", "Change where a name leads, and how",
                          "certwright redirect update example.com --to https://shop.example.com\n"
                          "certwright redirect update example.com --status 308 --no-keep-path");
    verb.add_option("NAME", redirect->endpoint, "A name or an id")->required();
    verb.add_option("--to", redirect->settings.redirect_to, "Where to; {name} in it is the name asked for")
        ->type_name("URL");
    add_target(verb, redirect->settings);
    verb.add_flag("--yes", redirect->yes, "Go ahead although something is still to be done in DNS");
    verb.callback([redirect, &console] {
        const auto body = to_json(redirect->settings);
        if (body.empty()) {
            console.tell_problem("nothing to change was given", "", "See: certwright redirect update --help");
            console.status = usage;
            return;
        }
        send_change(console, redirect->endpoint, body, redirect->yes);
    });
}

}  // namespace

void add_redirect_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "redirect", "Names that lead to another address, such as bare domains to www");
    add_redirect_add(noun, console);
    add_plain_verb(noun, console,
                   {"show", "Show state, records, certificates and what to do next", "GET", ""});
    add_list_verb(noun, console, "redirects=true&");
    add_update(noun, console);
    add_remove_verb(noun, console);
    add_import_verb(noun, console, ImportOf::redirects);
}

}  // namespace cli
