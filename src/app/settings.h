// Settings: everything an operator can choose, and the table that reads and documents it.
#pragma once

#include "app/alert_settings.h"
#include "app/edge_traffic.h"
#include "base/config.h"
#include "net/listener.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace app {

// Of a control node (`certwright serve`).
struct Settings {
    std::string data = "/var/lib/certwright";
    std::string store;  // empty: SQLite in `data`
    std::string domain;
    std::string challenge_zone;  // empty: acme.<domain>
    std::vector<std::string> name_servers;
    std::vector<std::string> addresses;
    std::string master_key;  // empty: <data>/master.key

    std::vector<std::string> http_listen{"0.0.0.0:80", "[::]:80"};
    std::vector<std::string> https_listen{"0.0.0.0:443", "[::]:443"};
    std::vector<std::string> dns_listen{"0.0.0.0:53", "[::]:53"};
    std::vector<std::string> api_listen{"127.0.0.1:8700"};
    std::vector<std::string> feed_listen;
    std::chrono::milliseconds edges_lost_after{90'000};
    bool dashboard = true;
    std::chrono::milliseconds dashboard_session{std::chrono::hours(12)};
    bool edge = true;
    std::int64_t edge_threads = 0;
    EdgeTraffic edge_traffic;
    std::int64_t dns_threads = 0;
    std::int64_t dns_rate_limit = 50;
    std::string dns_nsid;

    std::vector<std::string> responder_listen;

    std::string dns01_publish = "own";
    std::string dns01_server;
    std::string dns01_key_file;
    std::string dns01_api;
    std::string dns01_account_file;  // empty: acme-dns.json in `data`
    std::string dns01_hook;
    std::vector<std::string> dns01_name_servers;
    std::chrono::milliseconds dns01_limit{120'000};
    std::chrono::milliseconds dns01_settle{0};
    bool dns01_platform_certificate = false;

    std::string ca_directory = "letsencrypt";
    std::vector<std::string> ca_contacts;
    std::string ca_trust;
    std::string ca_eab_kid;
    std::string ca_eab_key_file;
    std::vector<std::string> ca_caa_identities;

    std::vector<std::string> private_upstreams;
    std::int64_t on_demand_names_per_domain = 5;
    std::int64_t on_demand_wishes_per_second = 50;
    std::int64_t on_demand_wishes_per_client = 10;
    std::int64_t endpoints_per_tenant = 0;
    std::vector<std::string> own_challenges;
    std::int64_t names_per_domain = 0;
    std::vector<std::string> vouched_tenants{"default"};

    std::string resolver_forward;
    std::chrono::milliseconds check_interval{60'000};
    std::int64_t check_dns_port = 53;
    std::int64_t check_http_port = 80;
    std::int64_t check_https_port = 443;
    std::vector<std::string> check_private;
    std::int64_t check_parked_rate = 1'000;
    std::chrono::milliseconds moved_notice{std::chrono::hours(7 * 24)};
    std::int64_t orders_in_flight = 32;
    std::chrono::milliseconds retry_interval{60'000};

    AlertSettings alerts;

    std::string log_level = "info";
    bool log_json = false;

    std::filesystem::path data_dir() const { return data; }
    std::filesystem::path master_key_file() const;
    // The challenge zone is on a name server of others.
    bool dns01_elsewhere() const { return dns01_publish != "own"; }
    std::string challenge_zone_or_default() const;
    // The directory's URL: short names stand for well-known CAs.
    std::string ca_directory_url() const;
};

// Of a remote edge (`certwright edge`).
struct EdgeSettings {
    std::string data = "/var/lib/certwright-edge";
    std::vector<std::string> join;
    std::string token;
    std::string name;  // empty: the host's name
    std::string group = "default";
    std::string trust;
    std::vector<std::string> http_listen{"0.0.0.0:80", "[::]:80"};
    std::vector<std::string> https_listen{"0.0.0.0:443", "[::]:443"};
    std::int64_t threads = 0;
    EdgeTraffic traffic;
    std::string log_level = "info";
    bool log_json = false;
};

// Of a node that brings certificates to proxies of others (`certwright deploy`).
struct DeploySettings {
    std::string data = "/var/lib/certwright-deploy";
    std::vector<std::string> join;
    std::string token;
    std::string name;  // empty: the host's name
    std::string trust;
    std::vector<std::string> haproxy_sockets;
    std::string haproxy_folder;
    std::chrono::milliseconds haproxy_check{2'000};
    std::string files_folder;
    std::string files_mode = "0600";
    std::string files_reload;
    std::chrono::milliseconds files_reload_every{5'000};
    std::string hook_command;
    std::chrono::milliseconds hook_limit{60'000};
    std::vector<std::string> getter_listen;
    std::string getter_secret_file;
    std::string log_level = "info";
    bool log_json = false;
};

// The variables of `settings` outlive the table.
base::ConfigTable settings_table(Settings& settings);
base::ConfigTable edge_settings_table(EdgeSettings& settings);
base::ConfigTable deploy_settings_table(DeploySettings& settings);

// Of `join`: a URL.
base::Result<> check_join(const std::string& text);

// The fields that every kind of node has.
void add_log_fields(base::ConfigTable& table, std::string& level, bool& json);

// What only makes sense together: domain present, name servers inside or outside the zone with addresses, API
// listeners on loopback. One error names every problem.
base::Result<> check_settings(const Settings& settings);

// Every address of a list of listeners; ":80" is two.
base::Result<std::vector<net::Endpoint>> parse_listeners(const std::vector<std::string>& texts);

}  // namespace app
