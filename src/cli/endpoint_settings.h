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

// What the API takes.
boost::json::object to_json(const Settings& settings);
boost::json::array array_of(const std::vector<std::string>& texts);

}  // namespace cli
