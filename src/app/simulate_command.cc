#include "app/simulate_command.h"

#include "app/failure.h"
#include "base/config.h"
#include "simulate/report.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>

namespace app {

namespace {

using std::chrono::days;
using std::chrono::milliseconds;

constexpr const char* simulate_examples =
    "Examples:\n"
    "  certwright simulate --devices 90000 --per-domain 100000/7d\n"
    "  certwright simulate --devices 90000 --finish-by 2027-03-01\n"
    "  certwright simulate --devices 90000 --per-domain 100000/7d --lifetime 45d --outage 40d+24h --svg "
    "plan.svg\n"
    "  certwright simulate --devices 90000 --per-domain 100000/7d --mass-revocation 60d --json | tail -1\n\n"
    "The limits are those that the CA publishes; --new-orders and --per-domain are what it has agreed on "
    "with you.\n"
    "Nothing is asked of any CA. More: docs/simulate.md.";

struct WantedForecast {
    simulate::Fleet fleet;
    std::string ca = "letsencrypt";
    std::string lifetime = "90d";
    std::string new_orders;
    std::string per_domain;
    std::vector<std::string> outages;
    std::vector<std::string> revocations;
    std::string start;
    std::string finish_by;
    std::string svg;
    bool json = false;
};

base::Error wrong(const std::string& option, const std::string& text, const std::string& example)
{
    return base::Error(base::Errc::invalid, fmt::format("{} {} cannot be read", option, text))
        .with_code("usage")
        .with_fix(fmt::format("Write it like {} {}.", option, example));
}

// "2026-12-01", or with a time.
base::Result<base::Time> read_date(const std::string& option, const std::string& text)
{
    auto when = base::parse_rfc3339(text.contains('T') ? text : text + "T00:00:00Z");
    return when ? when : base::fail(wrong(option, text, "2027-03-01"));
}

// "3000/3h"; empty: none.
base::Result<std::optional<simulate::Quota>> read_quota(const std::string& option, const std::string& text)
{
    if (text.empty()) {
        return std::optional<simulate::Quota>();
    }
    const auto slash = text.find('/');
    simulate::Quota quota;
    const auto* end = text.data() + std::min(slash, text.size());
    const auto read = std::from_chars(text.data(), end, quota.count);
    const auto period = base::parse_duration(slash == std::string::npos ? "" : text.substr(slash + 1));
    if (read.ec != std::errc() || read.ptr != end || quota.count < 1 || !period ||
        *period <= milliseconds(0)) {
        return base::fail(wrong(option, text, "3000/3h"));
    }
    quota.period = *period;
    return std::optional(quota);
}

// "40d+24h": after so long, for so long.
base::Result<simulate::Outage> read_outage(const std::string& text)
{
    const auto plus = text.find('+');
    const auto after = base::parse_duration(text.substr(0, plus));
    const auto length = base::parse_duration(plus == std::string::npos ? "24h" : text.substr(plus + 1));
    if (!after || !length) {
        return base::fail(wrong("--outage", text, "40d+24h"));
    }
    return simulate::Outage{*after, *length};
}

// "60d" for all, "60d:30" for 30 percent.
base::Result<simulate::CallIn> read_revocation(const std::string& text)
{
    const auto colon = text.find(':');
    const auto after = base::parse_duration(text.substr(0, colon));
    int percent = 100;
    if (colon != std::string::npos) {
        const auto* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + colon + 1, end, percent);
        if (read.ec != std::errc() || read.ptr != end || percent < 0 || percent > 100) {
            return base::fail(wrong("--mass-revocation", text, "60d:30"));
        }
    }
    if (!after) {
        return base::fail(wrong("--mass-revocation", text, "60d"));
    }
    return simulate::CallIn{*after, percent / 100.0};
}

base::Result<simulate::Fleet> read(const WantedForecast& wanted)
{
    auto fleet = wanted.fleet;
    if (wanted.ca == "letsencrypt-staging") {
        fleet.directory_url = "https://acme-staging-v02.api.letsencrypt.org/directory";
    }
    const auto lifetime = base::parse_duration(wanted.lifetime);
    if (!lifetime || *lifetime < std::chrono::hours(24)) {
        return base::fail(wrong("--lifetime", wanted.lifetime, "90d, 45d or 160h"));
    }
    fleet.lifetime = *lifetime;
    TRY(orders, read_quota("--new-orders", wanted.new_orders));
    TRY(per_domain, read_quota("--per-domain", wanted.per_domain));
    fleet.orders = orders;
    fleet.per_domain = per_domain;
    for (const auto& each : wanted.outages) {
        TRY(outage, read_outage(each));
        fleet.outages.push_back(outage);
    }
    for (const auto& each : wanted.revocations) {
        TRY(revocation, read_revocation(each));
        fleet.call_ins.push_back(revocation);
    }
    const auto today = std::chrono::floor<days>(base::SystemClock().now());
    TRY(start, wanted.start.empty() ? base::Result<base::Time>(today) : read_date("--start", wanted.start));
    fleet.start = start;
    return fleet;
}

base::Result<> write_picture(const std::string& file, const std::string& svg)
{
    std::ofstream out(file, std::ios::binary);
    out << svg;
    out.close();
    if (!out) {
        return base::fail(base::Error(base::Errc::unavailable, fmt::format("{} cannot be written", file))
                              .with_fix("Name a file in a folder that is there and yours."));
    }
    return {};
}

base::Result<int> simulate_fleet(const WantedForecast& wanted)
{
    TRY(fleet, read(wanted));
    std::optional<simulate::Ask> ask;
    base::Time by{};
    if (!wanted.finish_by.empty()) {
        TRY(date, read_date("--finish-by", wanted.finish_by));
        by = date;
        TRY(found, simulate::what_to_ask(fleet, by - fleet.start));
        ask = std::move(found);
    }
    simulate::Forecast forecast;
    if (ask) {
        forecast = ask->forecast;
    } else {
        TRY(seen, simulate::run(fleet));
        forecast = std::move(seen);
    }
    if (!wanted.svg.empty()) {
        CHECKED(write_picture(wanted.svg, simulate::to_svg(fleet, forecast)));
    }
    if (ask && !wanted.json) {
        fmt::print("{}\n", simulate::to_text(fleet, *ask, by));
    }
    fmt::print("{}", wanted.json ? simulate::to_json_lines(fleet, forecast, ask)
                                 : simulate::to_text(fleet, forecast));
    return forecast.limit_violations > 0 || forecast.expired > 0 ? 1 : 0;
}

void add_fleet_options(CLI::App& command, WantedForecast& wanted)
{
    auto& fleet = wanted.fleet;
    command.add_option("--devices", fleet.devices, "How many, each with a name and a certificate of its own")
        ->check(CLI::Range(1, 5'000'000))
        ->capture_default_str();
    command.add_option("--domains", fleet.domains, "Registered domains that their names are spread over")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command.add_flag("--psl", fleet.public_suffix, "As if their zone were on the public suffix list");
    command.add_option("--days", fleet.days, "How far to look ahead")
        ->check(CLI::Range(1, 3650))
        ->capture_default_str();
    command.add_option("--start", wanted.start, "When the rollout begins; today by default")
        ->type_name("DATE");
    command
        .add_option("--others", fleet.others_a_day,
                    "Other new names a day on the same account: they go first")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command
        .add_option("--strangers", fleet.strangers_a_day,
                    "Certificates a day for the first domain that other accounts get")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command.add_option("--seed", fleet.seed, "The same seed gives the same forecast")->capture_default_str();
}

void add_authority_options(CLI::App& command, WantedForecast& wanted)
{
    command.add_option("--ca", wanted.ca, "Whose limits")
        ->check(CLI::IsMember({"letsencrypt", "letsencrypt-staging"}))
        ->capture_default_str();
    command.add_option("--lifetime", wanted.lifetime, "Of certificates: 90d, 64d, 45d, 160h")
        ->capture_default_str();
    command
        .add_option("--new-orders", wanted.new_orders,
                    "Agreed with the CA: new orders per account, e.g. 3000/3h")
        ->type_name("N/TIME");
    command
        .add_option("--per-domain", wanted.per_domain,
                    "Agreed with the CA: certificates per registered domain, e.g. 100000/7d")
        ->type_name("N/TIME");
    command.add_option("--outage", wanted.outages, "The CA is away, e.g. 40d+24h: after 40 days, for a day")
        ->type_name("AFTER+LENGTH");
    command
        .add_option("--mass-revocation", wanted.revocations,
                    "The CA calls certificates in, e.g. 60d: after 60 days all; 60d:30 three in ten")
        ->type_name("AFTER[:PERCENT]");
    command.add_option("--finish-by", wanted.finish_by, "Says what to ask the CA for, to be ready by then")
        ->type_name("DATE");
    command.add_option("--svg", wanted.svg, "Draws it into this file")->type_name("FILE");
    command.add_flag("--json", wanted.json, "One line a day, and the result in the last line");
}

}  // namespace

void add_simulate(CLI::App& app, int& status)
{
    auto wanted = std::make_shared<WantedForecast>();
    auto* command = app.add_subcommand(
        "simulate", "Forecast a rollout of many devices within a CA's limits, on a virtual clock.");
    command->footer(simulate_examples);
    add_fleet_options(*command, *wanted);
    add_authority_options(*command, *wanted);
    command->callback([wanted, &status] {
        const auto done = simulate_fleet(*wanted);
        status = done ? *done : tell_failure(done.error(), done.error().code() == "usage" ? 2 : 1);
    });
}

}  // namespace app
