// Options that several verbs share. Internal to cli/.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// What add and update can say of an endpoint; absent ones are not sent.
struct Settings {
    std::optional<std::string> upstream;
    std::optional<std::string> redirect_to;
    std::optional<int> redirect_status;
    bool keep_path = false;
    bool no_keep_path = false;
    bool internal = false;
    bool external = false;
    std::vector<std::string> allow;
    bool allow_all = false;
    std::optional<std::string> filter_at;
    std::vector<std::string> key_types;
    std::optional<std::string> ca;  // names with commas
    std::optional<std::string> profile;
    bool own_challenges = false;
    bool no_own_challenges = false;
    std::vector<std::string> more_upstreams;  // one empty text: none
    std::optional<std::string> connect_timeout;
    std::optional<std::string> answer_timeout;
    std::optional<std::string> idle_timeout;
    bool send_proxy = false;
    bool no_send_proxy = false;
    std::optional<std::string> health_path;
    std::optional<std::string> hsts;  // for how long
    bool hsts_subdomains = false;
    bool hsts_preload = false;
    std::optional<std::string> plain_http;
};

struct Waiting {
    bool wait = false;
    std::int64_t timeout_s = 600;

    std::chrono::seconds limit() const { return std::chrono::seconds(timeout_s); }
};

void add_settings(CLI::App& verb, Settings& settings);
// Those that a redirect has too.
void add_common_settings(CLI::App& verb, Settings& settings);
void add_waiting(CLI::App& verb, Waiting& waiting);

// Where the API has an endpoint, or what is below it: "/suspend", "?revoke=true".
std::string endpoint_path(const std::string& endpoint, std::string_view rest = "");
// --hsts and what belongs to it, for verbs of their own.
void add_hsts(CLI::App& verb, Settings& settings);
boost::json::object hsts_json(const Settings& settings);

// What the API takes.
boost::json::object to_json(const Settings& settings);
boost::json::array array_of(const std::vector<std::string>& texts);

}  // namespace cli
