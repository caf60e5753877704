// certwright ca limits, set-limit, reset-limit
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

struct LimitOptions {
    std::string account;
    std::string limit;
    std::string name;
    std::string domain;
    std::string period;
    std::int64_t capacity = 0;
    std::int64_t most = 10;
};

std::string limits_path(const LimitOptions& options)
{
    return "/v1/ca-accounts/" + http::percent_encode(options.account) + "/limits";
}

// The accounts to show: the one that was named, or all.
std::vector<std::string> chosen_accounts(Console& console, const std::string& account)
{
    if (!account.empty()) {
        return {account};
    }
    std::vector<std::string> accounts;
    if (const auto reply = console.call("GET", "/v1/ca-accounts")) {
        for (const auto& each : objects(reply->object(), "items")) {
            accounts.push_back(text(each, "id"));
        }
    }
    return accounts;
}

void show_limits(Console& console, LimitOptions options)
{
    json::array shown;
    std::string page;
    const auto accounts = chosen_accounts(console, options.account);
    if (accounts.empty() && console.status != 0) {
        return;
    }
    for (const auto& each : accounts) {
        options.account = each;
        auto path = fmt::format("{}?most={}", limits_path(options), options.most);
        if (!options.name.empty()) {
            path += "&name=" + http::percent_encode(options.name);
        }
        const auto reply = console.call("GET", path);
        if (!reply) {
            return;
        }
        page += (page.empty() ? "" : "\n") + limits_text(reply->object(), console.paint(), console.now());
        shown.push_back(reply->body);
    }
    if (!console.print_json(json::object{{"items", std::move(shown)}})) {
        console.out() << page;
    }
}

// "90s", "5min", "3h", "7d".
std::string check_period(const std::string& text)
{
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        ++digits;
    }
    const auto unit = text.substr(digits);
    const bool known = unit == "s" || unit == "min" || unit == "h" || unit == "d";
    return digits > 0 && digits < 10 && known ? "" : "a number and s, min, h or d, such as 3h";
}

std::int64_t seconds_of(const std::string& period)
{
    std::size_t digits = 0;
    const std::int64_t count = std::stoll(period, &digits);
    const auto unit = period.substr(digits);
    return count * (unit == "d" ? 86'400 : unit == "h" ? 3'600 : unit == "min" ? 60 : 1);
}

void set_limit(Console& console, const LimitOptions& options)
{
    json::object body{{"capacity", options.capacity}, {"period_seconds", seconds_of(options.period)}};
    if (!options.domain.empty()) {
        body["domain"] = options.domain;
    }
    const auto reply = console.call("PUT", limits_path(options) + "/" + http::percent_encode(options.limit),
                                    std::move(body));
    if (reply && !console.print_json(reply->body)) {
        console.out() << limits_text(reply->object(), console.paint(), console.now());
    }
}

void reset_limit(Console& console, const LimitOptions& options)
{
    auto path = limits_path(options) + "/" + http::percent_encode(options.limit);
    if (!options.domain.empty()) {
        path += "?domain=" + http::percent_encode(options.domain);
    }
    if (console.call("DELETE", path) && !console.globals.json) {
        console.out() << "The CA's own number holds again.\n";
    }
}

void add_subject(CLI::App& verb, LimitOptions& options)
{
    verb.add_option("ACCOUNT", options.account, "Its name or id")->required();
    verb.add_option("LIMIT", options.limit,
                    "new_orders, registered_domain, exact_set, failed_validations, consecutive_failures or "
                    "registrations")
        ->required();
    verb.add_option("--domain", options.domain, "Only for this registered domain")->type_name("NAME");
}

}  // namespace

void add_limit_commands(CLI::App& noun, Console& console)
{
    auto options = std::make_shared<LimitOptions>();
    auto& limits = add_verb(noun, "limits", "What is left of each limit, and when the next is free",
                            "certwright ca limits\ncertwright ca limits default --name shop.example.com");
    limits.add_option("ACCOUNT", options->account, "Its name or id; without one: all accounts");
    limits.add_option("--name", options->name, "Only what is counted for this name")->type_name("NAME");
    limits.add_option("--most", options->most, "Lines of each limit")
        ->check(CLI::Range(1, 200).description(""))
        ->type_name("NUMBER")
        ->capture_default_str();
    limits.callback([options, &console] { show_limits(console, *options); });

    auto& set = add_verb(noun, "set-limit", "Use the number that a CA agreed on with you",
                         "certwright ca set-limit default new_orders --capacity 3000 --period 3h\n"
                         "certwright ca set-limit default registered_domain --domain example.com --capacity "
                         "500 --period 7d");
    add_subject(set, *options);
    set.add_option("--capacity", options->capacity, "How many")
        ->required()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}).description(""))
        ->type_name("NUMBER");
    set.add_option("--period", options->period, "In which time: 90s, 5min, 3h, 7d")
        ->required()
        ->check(CLI::Validator(check_period, ""))
        ->type_name("TIME");
    set.callback([options, &console] { set_limit(console, *options); });

    auto& reset = add_verb(noun, "reset-limit", "Go back to the CA's published number",
                           "certwright ca reset-limit default new_orders");
    add_subject(reset, *options);
    reset.callback([options, &console] { reset_limit(console, *options); });
}

}  // namespace cli
