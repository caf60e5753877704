#include "app/dns_publishing.h"

#include "base/command.h"
#include "base/secret_file.h"

namespace app {

namespace {

constexpr std::size_t longest_key_file = 16 * 1024;

base::Result<std::unique_ptr<responder::Publisher>> make_rfc2136(const Settings& settings, base::Clock& clock)
{
    responder::Rfc2136Options options;
    TRY(server, net::parse_endpoint(settings.dns01_server));
    options.update.server = server;
    if (!settings.dns01_key_file.empty()) {
        TRY(text, base::read_small_file(settings.dns01_key_file, longest_key_file));
        auto key = dns::parse_tsig_key(text);
        if (!key) {
            return base::fail(std::move(key).error().with_context(settings.dns01_key_file));
        }
        options.update.key = std::move(*key);
    }
    return responder::make_rfc2136_publisher(clock, std::move(options));
}

}  // namespace

base::Result<std::unique_ptr<responder::Publisher>> make_publisher(const Settings& settings,
                                                                   base::Clock& clock, http::Client& client)
{
    if (settings.dns01_publish == "rfc2136") {
        return make_rfc2136(settings, clock);
    }
    if (settings.dns01_publish == "acme-dns") {
        responder::AcmeDnsOptions options;
        options.api = settings.dns01_api;
        options.account_file = settings.dns01_account_file;
        if (options.account_file.empty()) {
            options.account_file = settings.data_dir() / "acme-dns.json";
        }
        options.challenge_zone = settings.challenge_zone_or_default();
        return responder::make_acme_dns_publisher(client, std::move(options));
    }
    if (settings.dns01_publish == "hook") {
        return responder::make_hook_publisher(
            {base::words_of(settings.dns01_hook), std::chrono::seconds(60)});
    }
    return std::unique_ptr<responder::Publisher>();
}

base::Result<> publish_elsewhere(const Settings& settings, responder::Publisher& publisher,
                                 dns::Resolver& resolver, responder::ResponderOptions& options)
{
    options.elsewhere = &publisher;
    options.resolver = &resolver;
    options.foreign_limit = settings.dns01_limit;
    options.settle = settings.dns01_settle;
    TRY(servers, parse_listeners(settings.dns01_name_servers));
    options.foreign_servers = std::move(servers);
    return {};
}

}  // namespace app
