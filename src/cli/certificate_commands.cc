// certwright certificate ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "cli/wait.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace cli {

namespace {

constexpr std::size_t most_pem = 128 * 1024;

std::optional<std::string> read_pem(Console& console, const std::string& file)
{
    std::ifstream in(file, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in || content.empty() || content.size() > most_pem) {
        console.tell_problem(fmt::format("{} cannot be used: {}", file,
                                         content.size() > most_pem ? "it is larger than 128 KiB"
                                                                   : "it is empty or cannot be read"),
                             "", "Give a PEM file.");
        console.status = usage;
        return std::nullopt;
    }
    return content;
}

void add_upload(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        std::string chain;
        std::string key;
        bool transitional = false;
        bool keep = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb =
        add_verb(noun, "upload", "Bring a certificate of your own",
                 "certwright certificate upload shop.example.com --chain fullchain.pem --key privkey.pem");
    verb.add_option("NAME", options->endpoint, "The endpoint: a name or an id")->required();
    verb.add_option("--chain", options->chain, "PEM file: the certificate, then its issuers")
        ->required()
        ->type_name("FILE");
    verb.add_option("--key", options->key, "PEM file: its private key, not encrypted")
        ->required()
        ->type_name("FILE");
    auto* transitional = verb.add_flag("--transitional", options->transitional,
                                       "Served until a managed one is live (default)");
    verb.add_flag("--keep", options->keep, "Preferred to managed ones as long as it is valid")
        ->excludes(transitional);
    verb.callback([options, &console] {
        const auto chain = read_pem(console, options->chain);
        const auto key = chain ? read_pem(console, options->key) : std::nullopt;
        if (!key) {
            return;
        }
        json::object body{
            {"chain", *chain}, {"key", *key}, {"source", options->keep ? "uploaded" : "transitional"}};
        const auto reply = console.call(
            "POST", "/v1/endpoints/" + http::percent_encode(options->endpoint) + "/certificates", body);
        if (!reply) {
            return;
        }
        console.tell_warnings(reply->object());
        if (!console.print_json(reply->body)) {
            console.out() << certificate_text(reply->object(), console.paint(), console.now());
        }
    });
}

void add_certificate_list(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        std::string after;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "list", "List certificates",
                          "certwright certificate list --endpoint shop.example.com");
    verb.add_option("--endpoint", options->endpoint, "Only the live ones of this endpoint")
        ->type_name("NAME");
    verb.add_option("--after", options->after, "Continue a listing: `next` of its JSON")->type_name("CURSOR");
    verb.callback([options, &console] {
        const auto path =
            options->endpoint.empty()
                ? "/v1/certificates" +
                      (options->after.empty() ? "" : "?after=" + http::percent_encode(options->after))
                : "/v1/endpoints/" + http::percent_encode(options->endpoint) + "/certificates";
        const auto reply = console.call("GET", path);
        if (reply && !console.print_json(reply->body)) {
            console.out() << certificate_list_text(objects(reply->object(), "items"), console.paint(),
                                                   console.now());
            if (const auto next = text(reply->object(), "next"); !next.empty()) {
                console.err() << "There are more: certwright certificate list --after " << next << "\n";
            }
        }
    });
}

void add_certificate_show(CLI::App& noun, Console& console)
{
    struct Options {
        std::string id;
        bool chain = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(
        noun, "show", "Show a certificate, or print its chain",
        "certwright certificate show crt_abc\ncertwright certificate show crt_abc --chain > chain.pem");
    verb.add_option("ID", options->id, "The certificate's id")->required();
    verb.add_flag("--chain", options->chain, "Print the chain as PEM");
    verb.callback([options, &console] {
        const auto path =
            "/v1/certificates/" + http::percent_encode(options->id) + (options->chain ? "/chain" : "");
        const auto reply = console.call("GET", path);
        if (!reply) {
            return;
        }
        if (options->chain) {
            console.out() << reply->text;
        } else if (!console.print_json(reply->body)) {
            console.out() << certificate_text(reply->object(), console.paint(), console.now());
        }
    });
}

// Renewing takes an endpoint, or the id of one of its certificates.
std::optional<std::string> endpoint_meant(Console& console, const std::string& reference)
{
    if (!reference.starts_with("crt_")) {
        return reference;
    }
    const auto reply = console.call("GET", "/v1/certificates/" + http::percent_encode(reference));
    return reply ? std::optional(text(reply->object(), "endpoint")) : std::nullopt;
}

void renew(Console& console, const std::string& reference, const Waiting& waiting)
{
    const auto endpoint = endpoint_meant(console, reference);
    const auto reply =
        endpoint ? console.call("POST", "/v1/endpoints/" + http::percent_encode(*endpoint) + "/renew")
                 : std::nullopt;
    if (!reply) {
        return;
    }
    std::vector<std::string> orders;
    for (const auto& each : objects(reply->object(), "items")) {
        orders.push_back(text(each, "id"));
    }
    if (!waiting.wait) {
        if (!console.print_json(reply->body)) {
            console.out() << fmt::format("{} ordered. Watch it: certwright endpoint show {}\n",
                                         orders.size() == 1 ? "A new certificate is" : "New certificates are",
                                         *endpoint);
        }
        return;
    }
    if (!wait_until_deployed(console, *endpoint, orders, waiting.limit())) {
        return;
    }
    const auto after =
        console.call("GET", "/v1/endpoints/" + http::percent_encode(*endpoint) + "/certificates");
    if (after && !console.print_json(after->body)) {
        console.out() << certificate_list_text(objects(after->object(), "items"), console.paint(),
                                               console.now());
    }
}

void add_renew(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        Waiting waiting;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "renew", "Get a new certificate now",
                          "certwright certificate renew shop.example.com --wait");
    verb.add_option("NAME", options->endpoint, "The endpoint, or the id of its certificate")->required();
    add_waiting(verb, options->waiting);
    verb.callback([options, &console] { renew(console, options->endpoint, options->waiting); });
}

void tell_revoked(Console& console, const json::object& reply)
{
    const auto id = text(reply, "id");
    console.out() << fmt::format(
        "{} is no longer served; its CA is being told. See: certwright certificate show {}\n", id, id);
    if (const auto& successor = object(reply, "successor"); !successor.empty()) {
        console.out() << fmt::format("A new certificate is ordered before everything else: {}\n",
                                     text(successor, "id"));
    } else {
        console.out() << "No new certificate is ordered; get one with: certwright certificate renew\n";
    }
}

void add_revoke(CLI::App& noun, Console& console)
{
    struct Options {
        std::string id;
        std::string reason = "unspecified";
        bool keep_without = false;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "revoke", "Have the CA declare a certificate invalid, and replace it",
                          "certwright certificate revoke crt_abc --reason key_compromise\n"
                          "certwright certificate revoke crt_abc --no-successor");
    verb.add_option("ID", options->id, "The certificate's id")->required();
    verb.add_option("--reason", options->reason,
                    "unspecified, key_compromise, affiliation_changed, superseded or cessation_of_operation")
        ->check(CLI::IsMember({"unspecified", "key_compromise", "affiliation_changed", "superseded",
                               "cessation_of_operation"})
                    .description(""))
        ->type_name("REASON")
        ->capture_default_str();
    verb.add_flag("--no-successor", options->keep_without,
                  "Order no new certificate; visitors get the platform's until one is asked for");
    verb.callback([options, &console] {
        json::object body{{"reason", options->reason}, {"replace", !options->keep_without}};
        const auto reply =
            console.call("POST", "/v1/certificates/" + http::percent_encode(options->id) + "/revoke", body);
        if (reply && !console.print_json(reply->body)) {
            tell_revoked(console, reply->object());
        }
    });
}

void add_certificate_remove(CLI::App& noun, Console& console)
{
    auto id = std::make_shared<std::string>();
    auto& verb = add_verb(noun, "remove", "Stop serving an uploaded certificate",
                          "certwright certificate remove crt_abc");
    verb.add_option("ID", *id, "The certificate's id")->required();
    verb.callback([id, &console] {
        const auto reply = console.call("DELETE", "/v1/certificates/" + http::percent_encode(*id));
        if (reply && !console.print_json(reply->body)) {
            console.out() << fmt::format("{} was removed.\n", *id);
        }
    });
}

}  // namespace

void add_certificate_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "certificate", "Certificates, managed and uploaded");
    add_certificate_list(noun, console);
    add_certificate_show(noun, console);
    add_renew(noun, console);
    add_upload(noun, console);
    add_revoke(noun, console);
    add_certificate_remove(noun, console);
}

}  // namespace cli
