// certwright ca ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <thread>

namespace cli {

namespace {

std::string account_path(const std::string& account, std::string_view action = "")
{
    return fmt::format("/v1/ca-accounts/{}{}", http::percent_encode(account), action);
}

// What `add` and `set` can both say; absent ones are not sent.
struct AccountSettings {
    bool make_default = false;
    std::optional<std::int64_t> fallback;
    bool no_fallback = false;
    std::optional<std::string> profile;
    std::optional<std::string> chain;
    std::vector<std::string> key_types;
    bool trusted = false;
    bool untrusted = false;
};

void add_account_settings(CLI::App& verb, AccountSettings& settings)
{
    verb.add_flag("--default", settings.make_default, "New names and renewals use it first");
    auto* fallback = verb.add_option("--fallback", settings.fallback,
                                     "It steps in when the default's CA cannot issue; 1 before 2")
                         ->check(CLI::Range(1, 100).description(""))
                         ->type_name("PLACE");
    verb.add_flag("--no-fallback", settings.no_fallback, "It is used only where an endpoint names it")
        ->excludes(fallback);
    verb.add_option("--profile", settings.profile,
                    "The CA's profile, e.g. shortlived; '' for the CA's default")
        ->type_name("PROFILE");
    verb.add_option("--preferred-chain", settings.chain,
                    "Common name at the top of the chain to prefer; '' for the CA's default")
        ->type_name("NAME");
    verb.add_option("--key-type", settings.key_types, "The CA takes only keys of this type; may be repeated")
        ->check(CLI::IsMember({"ecdsa_p256", "rsa_2048"}))
        ->type_name("TYPE")
        ->allow_extra_args(false);
    auto* trusted = verb.add_flag("--trusted", settings.trusted, "Browsers trust its certificates");
    verb.add_flag("--untrusted", settings.untrusted,
                  "A test CA: its certificates never take the place of trusted ones")
        ->excludes(trusted);
}

void put_settings(json::object& body, const AccountSettings& settings)
{
    if (settings.make_default) {
        body["default"] = true;
    }
    if (settings.fallback || settings.no_fallback) {
        body["fallback"] = settings.fallback.value_or(0);
    }
    if (settings.profile) {
        body["profile"] = *settings.profile;
    }
    if (settings.chain) {
        body["preferred_chain"] = *settings.chain;
    }
    if (!settings.key_types.empty()) {
        body["key_types"] = array_of(settings.key_types);
    }
    if (settings.trusted || settings.untrusted) {
        body["trusted"] = settings.trusted;
    }
}

void tell_account(Console& console, const std::optional<Reply>& reply)
{
    if (reply && !console.print_json(reply->body)) {
        console.out() << account_text(reply->object(), console.paint(), console.now());
    }
}

void add_account_add(CLI::App& noun, Console& console)
{
    struct NewAccount {
        std::string name;
        std::string directory;
        std::vector<std::string> contacts;
        std::string eab_kid;
        std::string eab_key;
        AccountSettings settings;
    };
    auto wanted = std::make_shared<NewAccount>();
    auto& verb = add_verb(
        noun, "add", "Register with a CA",
        "certwright ca add backup --directory google --eab-kid KID --eab-key KEY --fallback 1\n"
        "certwright ca add inhouse --directory https://acme.example.org/directory --contact ops@example.com\n"
        "certwright ca add try --directory letsencrypt-staging");
    verb.add_option("NAME", wanted->name, "What people call it")->required();
    verb.add_option(
            "--directory", wanted->directory,
            "Its ACME directory, or letsencrypt, letsencrypt-staging, google, google-staging, zerossl")
        ->required()
        ->type_name("URL");
    verb.add_option("--contact", wanted->contacts, "A mail address; may be repeated")
        ->type_name("MAIL")
        ->allow_extra_args(false);
    auto* kid =
        verb.add_option("--eab-kid", wanted->eab_kid, "External account binding: key id")->type_name("ID");
    verb.add_option("--eab-key", wanted->eab_key, "External account binding: key (base64url)")
        ->type_name("KEY")
        ->needs(kid)
        ->envname("CERTWRIGHT_EAB_KEY");
    add_account_settings(verb, wanted->settings);
    verb.callback([wanted, &console] {
        json::object body{{"name", wanted->name}, {"directory_url", wanted->directory}};
        body["contacts"] = array_of(wanted->contacts);
        if (!wanted->eab_kid.empty()) {
            body["eab_kid"] = wanted->eab_kid;
            body["eab_key"] = wanted->eab_key;
        }
        put_settings(body, wanted->settings);
        tell_account(console, console.call("POST", "/v1/ca-accounts", body));
    });
}

void add_account_list(CLI::App& noun, Console& console)
{
    auto& verb = add_verb(noun, "list", "List CA accounts and how their CAs do", "certwright ca list");
    verb.callback([&console] {
        const auto reply = console.call("GET", "/v1/ca-accounts");
        if (reply && !console.print_json(reply->body)) {
            console.out() << account_list_text(reply->object(), console.paint(), console.now());
        }
    });
}

void add_set(CLI::App& noun, Console& console)
{
    struct Options {
        std::string name;
        AccountSettings settings;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "set", "Change how an account is used",
                          "certwright ca set letsencrypt --default --profile tlsserver\n"
                          "certwright ca set backup --fallback 1\n"
                          "certwright ca set inhouse --untrusted --no-fallback");
    verb.add_option("NAME", options->name, "The account: its name or id")->required();
    add_account_settings(verb, options->settings);
    verb.callback([options, &console] {
        json::object body;
        put_settings(body, options->settings);
        if (body.empty()) {
            console.tell_problem("nothing to change was given", "", "See: certwright ca set --help");
            console.status = usage;
            return;
        }
        tell_account(console, console.call("PATCH", account_path(options->name), body));
    });
}

// A verb that needs only the account.
void add_account_verb(CLI::App& noun, Console& console, const std::string& name,
                      const std::string& description, const std::string& examples, std::string method,
                      std::string action)
{
    auto account = std::make_shared<std::string>();
    auto& verb = add_verb(noun, name, description, examples);
    verb.add_option("NAME", *account, "The account: its name or id")->required();
    verb.callback([account, &console, method = std::move(method), action = std::move(action)] {
        tell_account(console, console.call(method, account_path(*account, action)));
    });
}

// Orders part by part, so that no transaction is long; the queue paces the rest.
std::optional<json::object> order_all(Console& console, const std::string& account)
{
    std::int64_t total = 0;
    for (;;) {
        const auto reply = console.call("POST", account_path(account, "/promote"));
        if (!reply) {
            return std::nullopt;
        }
        const auto& said = reply->object();
        const auto queued = number(said, "queued");
        total += queued;
        if (queued == 0) {
            auto done = said;
            done["queued"] = total;
            return done;
        }
        if (!console.globals.json) {
            console.err() << fmt::format("{} trusted certificates ordered\n", total);
        }
    }
}

void promote(Console& console, const std::string& account, const Waiting& waiting)
{
    auto said = order_all(console, account);
    if (!said) {
        return;
    }
    const auto give_up = std::chrono::steady_clock::now() + waiting.limit();
    auto left = number(*said, "only_untrusted");
    while (waiting.wait && left > 0 && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const auto reply = console.call("GET", account_path(account));
        if (!reply) {
            return;
        }
        const auto now_left = number(reply->object(), "only_untrusted");
        if (now_left != left && !console.globals.json) {
            console.err() << fmt::format("{} to go\n", now_left);
        }
        left = now_left;
    }
    (*said)["only_untrusted"] = left;
    if (console.print_json(*said)) {
        return;
    }
    console.out() << fmt::format(
        "{} is the default now; {} trusted certificates were ordered, {} names still have "
        "staging ones.\n",
        harmless(text(*said, "name")), number(*said, "queued"), left);
    if (left > 0) {
        console.out() << "They come as the CA's limits allow. See: certwright ca show " << account << "\n";
    }
    if (waiting.wait && left > 0) {
        console.status = problem;
    }
}

void add_promote(CLI::App& noun, Console& console)
{
    struct Options {
        std::string name;
        Waiting waiting;
    };
    auto options = std::make_shared<Options>();
    auto& verb =
        add_verb(noun, "promote",
                 "Go from staging to production: make an account the default and get trusted certificates "
                 "for every name that has only staging ones",
                 "certwright ca add production --directory letsencrypt\n"
                 "certwright ca promote production --wait");
    verb.add_option("NAME", options->name, "An account of a trusted CA: its name or id")->required();
    add_waiting(verb, options->waiting);
    verb.callback([options, &console] { promote(console, options->name, options->waiting); });
}

}  // namespace

void add_ca_verbs(CLI::App& noun, Console& console)
{
    add_account_add(noun, console);
    add_account_list(noun, console);
    add_account_verb(noun, console, "show", "Show an account: its CA, what it is used for, what is wrong",
                     "certwright ca show letsencrypt\ncertwright ca show default --json", "GET", "");
    add_set(noun, console);
    add_account_verb(
        noun, console, "register",
        "Register an account again (same key) with a CA that has forgotten it; its account URL changes",
        "certwright ca register inhouse", "POST", "/register");
    add_account_verb(
        noun, console, "rotate-key",
        "Change an account's key; the account and its URL stay. Waits for proofs that are under way",
        "certwright ca rotate-key letsencrypt\ncertwright ca show letsencrypt", "POST", "/rotate-key");
    add_promote(noun, console);
    add_account_verb(noun, console, "deactivate",
                     "Close an account at its CA for good. Its certificates go on; revoke any before this",
                     "certwright ca set letsencrypt --default\ncertwright ca deactivate old", "POST",
                     "/deactivate");
}

}  // namespace cli
