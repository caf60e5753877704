#include "cli/endpoint_settings.h"

#include "base/config.h"
#include "http/uri.h"

namespace cli {

namespace json = boost::json;

namespace {

std::string check_duration(const std::string& text)
{
    const auto parsed = base::parse_duration(text);
    return parsed ? std::string() : parsed.error().message();
}

std::int64_t seconds_of(const std::string& text)
{
    const auto parsed = base::parse_duration(text);
    return parsed ? std::chrono::duration_cast<std::chrono::seconds>(*parsed).count() : 0;
}

void add_forwarding(CLI::App& verb, Settings& settings)
{
    verb.add_option("--also-to", settings.more_upstreams,
                    "Another server that does the same; may be repeated; '' for none")
        ->type_name("URL")
        ->allow_extra_args(false);
    const auto add_limit = [&](const char* name, std::optional<std::string>& limit, const char* what) {
        verb.add_option(name, limit, what)->type_name("TIME")->check(check_duration);
    };
    add_limit("--connect-timeout", settings.connect_timeout,
              "For a connection to it, e.g. 5s; 0s as usual (10s)");
    add_limit("--answer-timeout", settings.answer_timeout, "For the head of its answer; 0s as usual (60s)");
    add_limit("--idle-timeout", settings.idle_timeout,
              "Without an octet of a body; 0s as usual (60s; 1h for WebSockets)");
    auto* send = verb.add_flag("--send-proxy", settings.send_proxy,
                               "Begin connections to it with the PROXY protocol, version 2");
    verb.add_flag("--no-send-proxy", settings.no_send_proxy, "Do not (default)")->excludes(send);
    verb.add_option("--health-path", settings.health_path,
                    "Ask each server for this path now and then, e.g. /healthz; '' for none")
        ->type_name("PATH");
}

json::object forwarding_json(const Settings& settings)
{
    json::object made;
    if (!settings.more_upstreams.empty()) {
        auto more = settings.more_upstreams;
        std::erase(more, "");
        made["more_upstreams"] = array_of(more);
    }
    const auto add_limit = [&](const char* name, const std::optional<std::string>& limit) {
        if (limit) {
            made[name] = seconds_of(*limit);
        }
    };
    add_limit("connect_timeout", settings.connect_timeout);
    add_limit("answer_timeout", settings.answer_timeout);
    add_limit("idle_timeout", settings.idle_timeout);
    if (settings.send_proxy || settings.no_send_proxy) {
        made["proxy_protocol"] = settings.send_proxy;
    }
    if (settings.health_path) {
        made["health_path"] = *settings.health_path;
    }
    return made;
}

}  // namespace

void add_hsts(CLI::App& verb, Settings& settings)
{
    auto* hsts = verb.add_option("--hsts", settings.hsts,
                                 "Strict-Transport-Security for so long, e.g. 180d; 0s for none")
                     ->type_name("TIME")
                     ->check(check_duration);
    verb.add_flag("--hsts-subdomains", settings.hsts_subdomains, "With all subdomains")->needs(hsts);
    verb.add_flag("--hsts-preload", settings.hsts_preload, "For the browsers' preload lists")->needs(hsts);
}

json::object hsts_json(const Settings& settings)
{
    return {{"max_age", seconds_of(settings.hsts.value_or("0s"))},
            {"subdomains", settings.hsts_subdomains},
            {"preload", settings.hsts_preload}};
}

void add_common_settings(CLI::App& verb, Settings& settings)
{
    auto* internal = verb.add_flag("--internal", settings.internal,
                                   "Not reachable from the Internet: proved by DNS alone");
    verb.add_flag("--external", settings.external, "Reachable from the Internet")->excludes(internal);
    auto* allow = verb.add_option("--allow", settings.allow,
                                  "Let in only this address or block (CIDR); may be repeated")
                      ->type_name("CIDR")
                      ->allow_extra_args(false);
    verb.add_flag("--allow-all", settings.allow_all, "No IP filter")->excludes(allow);
    verb.add_option("--filter-at", settings.filter_at, "Who enforces the filter: edge or network")
        ->check(CLI::IsMember({"edge", "network"}))
        ->type_name("WHO");
    verb.add_option("--ca", settings.ca,
                    "CA accounts to use, best first, e.g. letsencrypt,backup; '' for the operator's choice")
        ->type_name("NAME[,NAME]");
    verb.add_option("--profile", settings.profile, "The CA's profile, e.g. shortlived; '' for the account's")
        ->type_name("PROFILE");
    verb.add_option("--key-type", settings.key_types, "ecdsa_p256 (default) or rsa_2048; may be repeated")
        ->check(CLI::IsMember({"ecdsa_p256", "rsa_2048"}))
        ->type_name("TYPE")
        ->allow_extra_args(false);
    add_hsts(verb, settings);
}

void add_settings(CLI::App& verb, Settings& settings)
{
    add_common_settings(verb, settings);
    add_forwarding(verb, settings);
    verb.add_option("--plain-http", settings.plain_http,
                    "What port 80 does: redirect (default), serve as HTTPS does, or refuse")
        ->check(CLI::IsMember({"redirect", "serve", "refuse"}))
        ->type_name("WHAT");
    auto* own = verb.add_flag("--own-challenges", settings.own_challenges,
                              "Leave /.well-known/acme-challenge/ to the app behind; ours is then DNS-01");
    verb.add_flag("--no-own-challenges", settings.no_own_challenges, "Answer that path ourselves (default)")
        ->excludes(own);
}

void add_waiting(CLI::App& verb, Waiting& waiting)
{
    verb.add_flag("--wait", waiting.wait, "Wait until it is done, showing progress");
    verb.add_option("--timeout", waiting.timeout_s, "How long to wait, in seconds")
        ->check(CLI::Range(1, 86400).description(""))
        ->type_name("SECONDS")
        ->capture_default_str();
}

namespace {

// The parts between commas; none for an empty text.
std::vector<std::string> split(const std::string& list)
{
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < list.size();) {
        const auto end = std::min(list.find(',', from), list.size());
        if (end > from) {
            parts.push_back(list.substr(from, end - from));
        }
        from = end + 1;
    }
    return parts;
}

}  // namespace

std::string endpoint_path(const std::string& endpoint, std::string_view rest)
{
    return "/v1/endpoints/" + http::percent_encode(endpoint) + std::string(rest);
}

json::array array_of(const std::vector<std::string>& texts)
{
    json::array made;
    for (const auto& each : texts) {
        made.emplace_back(each);
    }
    return made;
}

json::object to_json(const Settings& settings)
{
    json::object body;
    if (settings.upstream) {
        body["upstream"] = *settings.upstream;
    }
    if (settings.redirect_to) {
        body["redirect_to"] = *settings.redirect_to;
    }
    if (settings.redirect_status) {
        body["redirect_status"] = *settings.redirect_status;
    }
    if (settings.keep_path || settings.no_keep_path) {
        body["redirect_keep_path"] = settings.keep_path;
    }
    if (settings.internal || settings.external) {
        body["kind"] = settings.internal ? "internal" : "external";
    }
    if (!settings.allow.empty() || settings.allow_all) {
        body["ip_filter"] = array_of(settings.allow);
    }
    if (settings.filter_at) {
        body["filter_at"] = *settings.filter_at;
    }
    if (settings.ca) {
        body["ca_policy"] = array_of(split(*settings.ca));
    }
    if (settings.profile) {
        body["profile"] = *settings.profile;
    }
    if (!settings.key_types.empty()) {
        body["key_types"] = array_of(settings.key_types);
    }
    if (settings.own_challenges || settings.no_own_challenges) {
        body["own_challenges"] = settings.own_challenges;
    }
    if (auto forwarding = forwarding_json(settings); !forwarding.empty()) {
        body["forwarding"] = std::move(forwarding);
    }
    if (settings.hsts) {
        body["hsts"] = hsts_json(settings);
    }
    if (settings.plain_http) {
        body["plain_http"] = *settings.plain_http;
    }
    return body;
}

}  // namespace cli
