#include "app/settings.h"

#include "issuance/ca_directory.h"
#include "model/domain_name.h"
#include "net/address_set.h"
#include "net/listener.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace app {

namespace {

using base::Errc;
using base::fail;
using base::Result;

Result<> check_domain(const std::string& text)
{
    TRY(name, model::DomainName::parse(text));
    if (name.wildcard()) {
        return fail(Errc::invalid, "takes a plain domain name, without '*.'");
    }
    if (name.label_count() < 2) {
        return fail(Errc::invalid,
                    fmt::format("'{}' is one word; give a whole domain, such as platform.example", text));
    }
    return {};
}

Result<> check_optional_domain(const std::string& text)
{
    return text.empty() ? Result<>() : check_domain(text);
}

Result<> check_listen(const std::string& text)
{
    TRY(endpoint, net::parse_endpoint(text));
    return {};
}

Result<> check_block(const std::string& text)
{
    TRY(set, net::AddressSet::parse({text}));
    return {};
}

Result<> check_address(const std::string& text)
{
    boost::system::error_code failure;
    boost::asio::ip::make_address(text, failure);
    if (failure) {
        return fail(Errc::invalid, fmt::format("'{}' is not an IP address", text));
    }
    return {};
}

// "ns1.platform.example=192.0.2.1", further addresses after more '='.
Result<> check_name_server(const std::string& text)
{
    const auto equals = text.find('=');
    CHECKED(check_domain(text.substr(0, equals)));
    if (equals == std::string::npos) {
        return fail(Errc::invalid, fmt::format("'{}' lacks an address; write {}=192.0.2.1", text, text));
    }
    for (std::size_t from = equals + 1; from <= text.size();) {
        const auto end = std::min(text.find('=', from), text.size());
        CHECKED(check_address(text.substr(from, end - from)));
        from = end + 1;
    }
    return {};
}

Result<> check_directory(const std::string& text)
{
    CHECKED(issuance::directory_url(text));
    return {};
}

Result<> check_log_level(const std::string& text)
{
    if (text == "debug" || text == "info" || text == "warning" || text == "error") {
        return {};
    }
    return fail(Errc::invalid, fmt::format("'{}' is not a level; use debug, info, warning or error", text));
}

Result<> check_publish(const std::string& text)
{
    if (text == "own" || text == "rfc2136" || text == "acme-dns" || text == "hook") {
        return {};
    }
    return fail(Errc::invalid, fmt::format("'{}' is none of own, rfc2136, acme-dns, hook", text));
}

// A URL, or libpq's list of keywords and values.
Result<> check_store(const std::string& text)
{
    const bool url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if (text.empty() || url || (text.contains('=') && !text.contains("://"))) {
        return {};
    }
    return fail(Errc::invalid, fmt::format("'{}' is not a PostgreSQL database; write "
                                           "postgres://user@host/database",
                                           text));
}

Result<> check_optional_listen(const std::string& text)
{
    return text.empty() ? Result<>() : check_listen(text);
}

void add_dns01_fields(base::ConfigTable& table, Settings& settings)
{
    table.text("dns01.publish", settings.dns01_publish,
               "Who serves the challenge zone: own (our name server), rfc2136 (dynamic updates to another "
               "one), acme-dns, or hook (a program).",
               check_publish);
    table.text("dns01.server", settings.dns01_server,
               "For rfc2136: the primary of the challenge zone, as address:port.", check_optional_listen);
    table.text("dns01.key_file", settings.dns01_key_file,
               "For rfc2136: a file with the TSIG key, as tsig-keygen prints it or hmac-sha256:name:base64; "
               "empty: unsigned.");
    table.text("dns01.api", settings.dns01_api, "For acme-dns: the URL of its API.");
    table.text(
        "dns01.account_file", settings.dns01_account_file,
        "For acme-dns: the file with what /register answered; made when missing; empty: acme-dns.json in "
        "the data folder.");
    table.text(
        "dns01.hook", settings.dns01_hook,
        "For hook: a program, called with present or cleanup, the name with a final dot, and the value.");
    table.list(
        "dns01.name_servers", settings.dns01_name_servers,
        "Every server of the challenge zone as address:port, asked before the CA is told; empty: those "
        "that the zone's NS records name.",
        check_listen);
    table.duration("dns01.limit", settings.dns01_limit,
                   "How long those servers may take to have a new value.");
    table.duration("dns01.settle", settings.dns01_settle,
                   "Further wait once they have it, for servers behind anycast.");
    table.boolean(
        "dns01.platform_certificate", settings.dns01_platform_certificate,
        "Unless published on our own name server: get the certificate for *.<domain> too. It needs the "
        "record _acme-challenge.<domain> CNAME platform.<challenge_zone>.");
}

}  // namespace

Result<> check_join(const std::string& text)
{
    if (text.starts_with("https://") || text.starts_with("http://")) {
        return {};
    }
    return fail(Errc::invalid, fmt::format("'{}' is not a URL; write https://control.example:8701", text));
}

void add_log_fields(base::ConfigTable& table, std::string& level, bool& json)
{
    table.text("log.level", level, "The least level that is written: debug, info, warning or error.",
               check_log_level);
    table.boolean("log.json", json, "Write log lines as JSON.");
}

namespace {

void add_check_fields(base::ConfigTable& table, Settings& settings)
{
    table.number("checks.dns_port", settings.check_dns_port, 0, 65'535,
                 "Where each name server of a zone is asked by itself; 0: they are not.");
    table.number(
        "checks.http_port", settings.check_http_port, 0, 65'535,
        "Where names are tried over HTTP as the CA will; 0: they are not. Private CAs may use another "
        "than 80.");
    table.number("checks.https_port", settings.check_https_port, 0, 65'535,
                 "Where the certificate that visitors get is looked at; 0: it is not.");
    table.list("checks.private_blocks", settings.check_private,
               "Private address blocks that checks may connect to, beside public addresses and our own.",
               check_block);
    table.number("checks.parked_rate", settings.check_parked_rate, 1, 1'000'000,
                 "DNS questions a second, at most, about names that wait for their DNS (parked).");
    table.duration("checks.moved_notice", settings.moved_notice,
                   "How long a name that leads elsewhere is still renewed.");
}

}  // namespace

std::filesystem::path Settings::master_key_file() const
{
    return master_key.empty() ? data_dir() / "master.key" : std::filesystem::path(master_key);
}

std::string Settings::challenge_zone_or_default() const
{
    return challenge_zone.empty() ? "acme." + domain : challenge_zone;
}

std::string Settings::ca_directory_url() const
{
    const auto url = issuance::directory_url(ca_directory);
    return url ? *url : ca_directory;
}

base::ConfigTable settings_table(Settings& settings)
{
    base::ConfigTable table;
    table.text("data", settings.data,
               "The folder that holds everything: database, keys, the edge's certificate cache.");
    table.text(
        "store", settings.store,
        "postgres://user@host/database moves the database out of the data folder; empty: SQLite in it.",
        check_store);
    table.text("domain", settings.domain,
               "The platform's own domain, whose name server certwright is. Customers' records point below "
               "it. Required.",
               check_optional_domain);
    table.text("challenge_zone", settings.challenge_zone,
               "The zone that _acme-challenge records are delegated to; empty: acme.<domain>.",
               check_optional_domain);
    table.list("name_servers", settings.name_servers,
               "Our name servers with their public addresses, as name=address; empty: ns1.<domain> at the "
               "first of `addresses`.",
               check_name_server);
    table.list(
        "addresses", settings.addresses,
        "The public IPv4 and IPv6 addresses of the edge, where customers' names must lead; empty: those "
        "that this machine has itself.",
        check_address);
    table.text("master_key", settings.master_key,
               "The file with the key that seals all secrets; empty: master.key in the data folder.");

    table.list("http.listen", settings.http_listen,
               "Where the edge serves HTTP: challenges and redirects to HTTPS.", check_listen);
    table.list("https.listen", settings.https_listen, "Where the edge serves HTTPS.", check_listen);
    table.list("dns.listen", settings.dns_listen, "Where the name server answers, over UDP and TCP.",
               check_listen);
    table.number("dns.threads", settings.dns_threads, 0, 256,
                 "Loops of the name server; 0: one for each core.");
    table.number("dns.rate_limit", settings.dns_rate_limit, 0, 1'000'000,
                 "Answers a second for one client address before it is told to use TCP; 0: no limit.");
    table.text("dns.nsid", settings.dns_nsid,
               "What this name server calls itself to whoever asks (NSID, id.server); empty: nothing.");
    table.list("api.listen", settings.api_listen,
               "Where the API is served. Loopback addresses only: it is plain HTTP.", check_listen);
    table.list("feed.listen", settings.feed_listen,
               "Where edges on other machines follow, over TLS with certificates of their own, e.g. "
               "0.0.0.0:8701; empty: nowhere.",
               check_listen);
    table.duration("feed.lost_after", settings.edges_lost_after,
                   "An edge that is not heard of for so long is lost: nothing waits for it.");
    table.boolean("dashboard.enabled", settings.dashboard, "Serve the web dashboard beside the API.");
    table.duration("dashboard.session", settings.dashboard_session,
                   "How long a sign-in to the dashboard lasts; never longer than its token.");
    table.boolean("edge.enabled", settings.edge, "Serve HTTP and HTTPS from this process too.");
    table.number("edge.threads", settings.edge_threads, 0, 256, "Loops of the edge; 0: one for each core.");
    add_edge_traffic_fields(table, settings.edge_traffic);

    table.list(
        "responder.listen", settings.responder_listen,
        "Where the central responder answers HTTP-01 challenges that other proxies send on, over HTTP; "
        "empty: nowhere.",
        check_listen);
    add_dns01_fields(table, settings);

    table.text("ca.directory", settings.ca_directory,
               "The CA: letsencrypt, letsencrypt-staging, google, google-staging, zerossl, or the https:// "
               "URL of an ACME "
               "directory.",
               check_directory);
    table.list("ca.contacts", settings.ca_contacts,
               "Contact URLs for the CA account, e.g. mailto:ops@example.com.");
    table.text("ca.trust", settings.ca_trust,
               "A PEM file with the root of the CA's own HTTPS server, for private CAs.");
    table.text("ca.eab_kid", settings.ca_eab_kid,
               "Key identifier of the external account binding, where the CA wants one.");
    table.text("ca.eab_key_file", settings.ca_eab_key_file,
               "A file with the MAC key of the external account binding, as base64url.");
    table.list("ca.caa_identities", settings.ca_caa_identities,
               "What CAA records call this CA; empty: what its directory says.");

    table.number("on_demand.names_per_domain", settings.on_demand_names_per_domain, 1, 1'000'000,
                 "Names under one registered domain that pools take by themselves.");
    table.number("on_demand.wishes_per_second", settings.on_demand_wishes_per_second, 1, 10'000,
                 "New names that pools look up in a second, from all visitors together.");
    table.number("on_demand.wishes_per_client", settings.on_demand_wishes_per_client, 1, 10'000,
                 "The same, from one address.");
    table.list("tenants.private_upstreams", settings.private_upstreams,
               "Private address blocks that tenants may name as upstreams; the operator may always.",
               check_block);
    table.number("tenants.endpoints", settings.endpoints_per_tenant, 0, 100'000'000,
                 "Endpoints that one tenant may have; 0: no limit.");
    table.list(
        "tenants.own_challenges", settings.own_challenges,
        "Tenants that may leave the challenge path of their endpoints to their apps; *: every tenant.");
    table.number("tenants.names_per_domain", settings.names_per_domain, 0, 100'000'000,
                 "Names under one registered domain that one tenant may have; 0: no limit.");
    table.list("tenants.vouched", settings.vouched_tenants,
               "Tenants whose names need no proof of ownership: they hold a name as soon as they add it.");
    table.text(
        "resolver.forward", settings.resolver_forward,
        "address@port of a resolver to check customers' records with; empty: ask from the root, as CAs do.");
    table.duration("checks.first_interval", settings.check_interval,
                   "Time between the first checks of a new name's records; it grows while they are missing.");
    add_check_fields(table, settings);
    table.number("orders.in_flight", settings.orders_in_flight, 1, 1000, "Orders at the CA at one time.");
    table.duration(
        "orders.retry_interval", settings.retry_interval,
        "Wait after the first failure of an order; later ones wait ten times longer each, up to a day.");
    add_alert_fields(table, settings.alerts);
    add_log_fields(table, settings.log_level, settings.log_json);
    return table;
}

base::ConfigTable edge_settings_table(EdgeSettings& settings)
{
    base::ConfigTable table;
    table.text("data", settings.data, "The folder of this edge's certificate cache and key.");
    table.list("join", settings.join,
               "The control nodes' feed.listen, e.g. https://control.example:8701, or on the same machine "
               "http://127.0.0.1:8700. Of several the next is asked where one fails. Required.",
               check_join);
    table.text(
        "token", settings.token,
        "The token that `certwright edge invite` printed: needed once, then the edge has a certificate. Over "
        "plain HTTP one with the scope edge:<group>, always.");
    table.text("name", settings.name, "What `certwright edge list` calls this edge; empty: the host's name.");
    table.text("group", settings.group, "The edge group whose names this edge serves.");
    table.text("trust", settings.trust, "A PEM file with the root of the control node's certificate.");
    table.list("http.listen", settings.http_listen,
               "Where HTTP is served: challenges and redirects to HTTPS.", check_listen);
    table.list("https.listen", settings.https_listen, "Where HTTPS is served.", check_listen);
    table.number("edge.threads", settings.threads, 0, 256, "Loops; 0: one for each core.");
    add_edge_traffic_fields(table, settings.traffic);
    add_log_fields(table, settings.log_level, settings.log_json);
    return table;
}

namespace {

void check_dns01(const Settings& settings, std::vector<std::string>& problems)
{
    if (settings.dns01_publish == "rfc2136" && settings.dns01_server.empty()) {
        problems.emplace_back("dns01.server: rfc2136 needs the primary's address, e.g. 192.0.2.53:53");
    }
    if (settings.dns01_publish == "acme-dns" && !settings.dns01_api.starts_with("http")) {
        problems.emplace_back("dns01.api: acme-dns needs its URL, e.g. https://auth.example.org");
    }
    if (settings.dns_listen.empty() && !settings.dns01_elsewhere()) {
        problems.emplace_back(
            "dns.listen: our own name server must listen, unless dns01.publish names another");
    }
    if (settings.dns01_publish == "hook" && settings.dns01_hook.empty()) {
        problems.emplace_back("dns01.hook: say which program publishes");
    }
}

}  // namespace

base::Result<> check_settings(const Settings& settings)
{
    std::vector<std::string> problems;
    if (settings.domain.empty()) {
        problems.emplace_back(
            "domain: say which domain is the platform's own, e.g. --domain platform.example");
    }
    if (settings.addresses.empty() && (!settings.edge || !settings.store.empty())) {
        problems.push_back(
            fmt::format("addresses: say where the edges are reached, e.g. --addresses 192.0.2.1; {}",
                        settings.edge ? "one of several control nodes cannot know (store is postgres://...)"
                                      : "it is not this machine (edge.enabled is false)"));
    }
    for (const auto& text : settings.api_listen) {
        const auto where = net::parse_endpoint(text);
        if (where && !where->address().is_loopback()) {
            problems.push_back(
                fmt::format("api.listen: {} is not a loopback address; the API is plain HTTP, so put a TLS "
                            "proxy or an SSH tunnel in front",
                            text));
        }
    }
    if (settings.edges_lost_after < std::chrono::seconds(30)) {
        problems.emplace_back("feed.lost_after: at least 30s; edges are heard of every 10 s");
    }
    if (settings.ca_eab_kid.empty() != settings.ca_eab_key_file.empty()) {
        problems.emplace_back("ca.eab_kid and ca.eab_key_file: give both or neither");
    }
    for (auto& each : alert_problems(settings.alerts)) {
        problems.push_back(std::move(each));
    }
    check_dns01(settings, problems);
    if (problems.empty()) {
        return {};
    }
    std::string all = "the configuration is wrong";
    for (const auto& problem : problems) {
        all += "\n  " + problem;
    }
    return fail(base::Error(Errc::invalid, std::move(all)).with_code("config_invalid"));
}

base::Result<std::vector<net::Endpoint>> parse_listeners(const std::vector<std::string>& texts)
{
    std::vector<net::Endpoint> all;
    for (const auto& text : texts) {
        TRY(endpoints, net::parse_endpoints(text));
        all.insert(all.end(), endpoints.begin(), endpoints.end());
    }
    return all;
}

}  // namespace app
