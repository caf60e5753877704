#include "app/test_ca_command.h"

#include "app/failure.h"
#include "base/log.h"
#include "net/address_set.h"
#include "relay/test_ca.h"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace app {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_problem = 1;
constexpr int exit_usage = 2;

constexpr const char* examples =
    "Examples:\n"
    "  certwright test-ca --folder /tmp/ca --trusting\n"
    "  certwright serve --domain platform.example --ca-directory https://127.0.0.1:14000/directory "
    "--ca-trust /tmp/ca/ca/root-0.pem\n"
    "  certwright test-ca --folder /tmp/ca --dns 127.0.0.1:5353 --http-port 5002 --tls-port 5001 --limits "
    "letsencrypt\n"
    "  curl -d '{\"step\":\"new_order\",\"lose_reply\":true,\"times\":1}' http://127.0.0.1:15000/rules\n\n"
    "Faults by script, and everything that can be set while it runs: docs/test-ca.md.";

// As the command line says it.
struct Wanted {
    relay::TestCaOptions options;
    std::string folder = "test-ca";
    std::vector<std::string> resolvers;
    std::vector<std::string> external;
    std::string limits = "none";
    std::string key_type = "ecdsa";
    std::string script_file;
    std::string default_profile = "classic";
    bool public_only = false;
};

base::Error usage(std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message)).with_code("usage").with_fix(std::move(fix));
}

// libunbound writes the port behind '@'.
base::Result<std::string> resolver_address(const std::string& text)
{
    if (text.contains('@')) {
        return text;
    }
    TRY(endpoint, net::parse_endpoint(text));
    return fmt::format("{}@{}", endpoint.address().to_string(), endpoint.port());
}

base::Result<> read_external(Wanted& wanted)
{
    for (const auto& each : wanted.external) {
        const auto equals = each.find('=');
        const auto key = base::from_base64url(equals == std::string::npos ? "" : each.substr(equals + 1));
        if (equals == 0 || !key || key->empty()) {
            return base::fail(usage(fmt::format("--external '{}' is not KID=KEY", each),
                                    "give the key id, '=', and the MAC key as base64url"));
        }
        wanted.options.external_accounts[each.substr(0, equals)] = *key;
        wanted.options.external_required = true;
    }
    return {};
}

base::Result<> read_script(Wanted& wanted)
{
    if (wanted.script_file.empty()) {
        return {};
    }
    std::ifstream in(wanted.script_file);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        return base::fail(usage(fmt::format("cannot read {}", wanted.script_file), "give a JSON file"));
    }
    wanted.options.script = text.str();
    return {};
}

base::Result<> complete(Wanted& wanted)
{
    auto& options = wanted.options;
    options.folder = wanted.folder;
    for (const auto& each : wanted.resolvers) {
        TRY(address, resolver_address(each));
        options.resolvers.push_back(address);
    }
    options.limits = wanted.limits == "letsencrypt"           ? relay::CaNumbers::production()
                     : wanted.limits == "letsencrypt-staging" ? relay::CaNumbers::staging()
                                                              : relay::CaNumbers::unlimited();
    options.key_type = wanted.key_type == "rsa" ? model::KeyType::rsa_2048 : model::KeyType::ecdsa_p256;
    options.validator.caa_identities = options.server.caa_identities;
    options.server.default_profile = wanted.default_profile;
    if (wanted.public_only) {
        options.validator.allowed = [](const boost::asio::ip::address& address) {
            return !net::is_special(address);
        };
    }
    CHECKED(read_external(wanted));
    return read_script(wanted);
}

int report(const base::Error& error)
{
    return tell_failure(error, error.code() == "usage" ? exit_usage : exit_problem);
}

boost::asio::awaitable<void> serve(relay::TestCa& ca, int& status)
{
    boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
    const auto started = co_await ca.start();
    if (started) {
        fmt::print("directory   {}\nroot        {}\n", ca.directory_url(), ca.trust_file().string());
        if (!ca.management_url().empty()) {
            fmt::print("management  {}\n", ca.management_url());
        }
        std::fflush(stdout);
        co_await signals.async_wait(boost::asio::use_awaitable);
        status = exit_ok;
    } else {
        status = report(started.error());
    }
    co_await ca.stop();
}

int run(Wanted& wanted)
{
    if (const auto good = complete(wanted); !good) {
        return report(good.error());
    }
    std::signal(SIGPIPE, SIG_IGN);
    base::SystemClock clock;
    boost::asio::io_context loop(1);
    auto ca = relay::TestCa::open(loop.get_executor(), clock, wanted.options);
    if (!ca) {
        return report(ca.error());
    }
    int status = exit_problem;
    std::exception_ptr bug;
    boost::asio::co_spawn(loop, serve(**ca, status), [&](std::exception_ptr failure) {
        bug = std::move(failure);
        loop.stop();
    });
    loop.run();
    if (bug) {
        std::rethrow_exception(bug);
    }
    return status;
}

void add_serving_options(CLI::App& command, Wanted& wanted)
{
    auto& options = wanted.options;
    command.add_option("--folder", wanted.folder, "Keys, accounts, orders, certificates; made when missing")
        ->type_name("DIR")
        ->capture_default_str();
    command.add_option("--listen", options.listen, "Where it answers ACME over HTTPS")
        ->type_name("ADDRESS")
        ->capture_default_str();
    command
        .add_option(
            "--management", options.management,
            "Where it is told what goes wrong, over plain HTTP and without a password; empty: nowhere")
        ->type_name("ADDRESS")
        ->capture_default_str();
    command.add_option("--name", options.names, "Names and addresses in the certificate of its HTTPS")
        ->type_name("NAME")
        ->capture_default_str();
    command.add_option("--script", wanted.script_file, "A JSON file of faults to begin with")
        ->type_name("FILE");
}

void add_validation_options(CLI::App& command, Wanted& wanted)
{
    auto& options = wanted.options;
    command
        .add_option("--dns", wanted.resolvers,
                    "A resolver to ask; several are perspectives that must agree; none: from the root")
        ->type_name("ADDRESS");
    command.add_option("--http-port", options.validator.http_port, "Where HTTP-01 is looked for")
        ->capture_default_str();
    command.add_option("--tls-port", options.validator.https_port, "Where TLS-ALPN-01 is looked for")
        ->capture_default_str();
    command.add_flag("--trusting", options.trusting, "Every challenge counts as met, without a look");
    command.add_flag("--public-only", wanted.public_only, "Never connect to private or loopback addresses");
    command
        .add_option("--caa", options.server.caa_identities,
                    "Our identity in CAA records; none: they are not looked at")
        ->type_name("DOMAIN");
    command.add_option("--block", options.blocked, "Domains that are refused, with all below them")
        ->type_name("DOMAIN");
}

void add_ca_options(CLI::App& command, Wanted& wanted)
{
    auto& options = wanted.options;
    command
        .add_option("--external", wanted.external,
                    "An external account, as KID=KEY (base64url); any: binding is required")
        ->type_name("KID=KEY");
    command.add_flag("--external-once", options.external_once, "An external account serves once");
    command.add_option("--limits", wanted.limits, "Rate limits, as that CA counts them")
        ->check(CLI::IsMember({"none", "letsencrypt", "letsencrypt-staging"}))
        ->capture_default_str();
    command.add_option("--profile", wanted.default_profile, "The profile of orders that name none")
        ->check(CLI::IsMember({"classic", "tlsserver", "shortlived"}))
        ->capture_default_str();
    command
        .add_option("--terms", options.server.terms_of_service, "URL of terms that accounts must agree to")
        ->type_name("URL");
    command.add_option("--roots", options.roots, "How many roots, and so chains, to make")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    command.add_option("--key-type", wanted.key_type, "Keys of the CA itself")
        ->check(CLI::IsMember({"ecdsa", "rsa"}))
        ->capture_default_str();
}

}  // namespace

void add_test_ca(CLI::App& app, int& status)
{
    auto wanted = std::make_shared<Wanted>();
    auto* command = app.add_subcommand(
        "test-ca", "Run an ACME CA of your own on this machine, for trying things out and for tests.");
    command->footer(examples);
    add_serving_options(*command, *wanted);
    add_validation_options(*command, *wanted);
    add_ca_options(*command, *wanted);
    command->callback([wanted, &status] { status = run(*wanted); });
}

}  // namespace app
