#include "app/node_facts.h"

#include "app/version.h"
#include "base/log.h"
#include "base/task.h"
#include "nameserver/zone_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace app {

namespace {

constexpr std::chrono::minutes between_checks{10};
constexpr std::chrono::seconds first_check{2};

bool has_address(const model::Zone& zone)
{
    return std::ranges::any_of(zone.name_servers, [](const auto& each) { return !each.addresses.empty(); });
}

api::ZoneCheck to_check(const model::Zone& zone, const nameserver::DelegationReport& report)
{
    api::ZoneCheck check;
    check.zone = zone.apex;
    if (!has_address(zone)) {
        check.message = fmt::format("{} has a name server whose public address is not known", zone.apex);
        check.fix = "say where this machine is reached from the Internet: --addresses 192.0.2.1";
        return check;
    }
    check.ok = report.ok();
    check.known = !report.unknown();
    if (check.ok) {
        check.message = fmt::format("{} is delegated to our name server", zone.apex);
    } else if (report.unknown()) {
        check.message = fmt::format("the delegation of {} could not be looked up", zone.apex);
        check.fix = "see that this machine may ask the DNS (UDP and TCP port 53)";
    } else {
        check.message = fmt::format("{} is not delegated as it should be", zone.apex);
        check.fix = "create these records at the registrar of the domain";
    }
    for (const auto& record : report.records) {
        for (const auto& value : record.expected) {
            check.records.push_back(fmt::format("{} {} {}", record.name, dns::to_string(record.type), value));
        }
    }
    return check;
}

// The delegation as it should be, and what is wrong with it.
std::vector<api::ZoneReport::Delegated> delegated(const nameserver::DelegationReport& report)
{
    std::vector<api::ZoneReport::Delegated> made;
    for (const auto& record : report.records) {
        made.push_back({fmt::format("{} {} {}", record.name, dns::to_string(record.type),
                                    fmt::join(record.expected, ", ")),
                        std::string(model::to_string(record.status)), record.why});
    }
    return made;
}

void tell(const api::ZoneCheck& check, const nameserver::DelegationReport& report)
{
    if (check.ok) {
        base::log::info("zone_delegated", {{"zone", check.zone}});
        return;
    }
    base::log::warning("zone_not_delegated",
                       {{"zone", check.zone}, {"message", check.message}, {"fix", check.fix}});
    fmt::print("{}\n", nameserver::to_table(report));
    std::fflush(stdout);
}

void append(std::string& out, std::string_view name, std::string_view help, std::uint64_t value)
{
    out += fmt::format("# HELP certwright_{0} {1}\n# TYPE certwright_{0} counter\ncertwright_{0} {2}\n", name,
                       help, value);
}

}  // namespace

NodeFacts::NodeFacts(const nameserver::Server& name_server, const edge::Edge* edge, dns::Resolver& resolver,
                     feed::Acknowledgements& acknowledgements, std::vector<model::Zone> zones)
    : name_server_(name_server),
      edge_(edge),
      resolver_(resolver),
      acknowledgements_(acknowledgements),
      zones_(std::move(zones))
{
    for (const auto& zone : zones_) {
        checks_.push_back(to_check(zone, nameserver::wanted_at_registrar(zone)));
    }
}

void NodeFacts::print_what_to_create() const
{
    if (zones_.empty()) {
        return;
    }
    const auto wanted = nameserver::wanted_at_registrar(zones_.front());
    fmt::print("\nThe Internet finds {} once these records exist at its registrar:\n\n{}\n",
               zones_.front().apex, nameserver::to_table(wanted));
    std::fflush(stdout);
}

boost::asio::awaitable<void> NodeFacts::run()
{
    std::vector<std::string> told(zones_.size());
    co_await base::sleep_for(first_check);
    while (true) {
        for (std::size_t i = 0; i < zones_.size(); ++i) {
            const auto report = co_await nameserver::check_registrar(zones_[i], resolver_);
            checks_[i] = to_check(zones_[i], report);
            if (checks_[i].message != told[i]) {
                told[i] = checks_[i].message;
                tell(checks_[i], report);
            }
        }
        co_await base::sleep_for(between_checks);
    }
}

std::string NodeFacts::version() const
{
    return std::string(app::version);
}

base::Task<api::EdgeCount> NodeFacts::edges_with(std::string group, model::Position position)
{
    auto edges = feed::edge_class(group);
    CO_TRY(progress, co_await acknowledgements_.count(std::move(edges), std::move(position)));
    api::EdgeCount count;
    count.serving = progress.reached;
    count.live = progress.followers;
    count.behind = std::move(progress.behind);
    for (auto& each : progress.lost) {
        count.lost.push_back({std::move(each.name), each.seen_at});
    }
    co_return count;
}

base::Task<api::ZoneReport> NodeFacts::check_zone(model::Zone zone)
{
    api::ZoneReport report;
    report.zone = zone.apex;
    const auto check = co_await nameserver::check_zone(std::move(zone), resolver_, {});
    report.ok = check.ok();
    report.delegation = delegated(check.delegation);
    for (const auto& each : check.servers) {
        report.servers.push_back({each.name, each.address,
                                  each.transport == dns::Transport::udp ? "udp" : "tcp", each.serial,
                                  each.problem.empty(), each.problem});
    }
    co_return report;
}

std::string NodeFacts::metrics() const
{
    std::string out;
    const auto dns = name_server_.counters();
    append(out, "dns_queries_udp_total", "Questions over UDP.", dns.udp_queries);
    append(out, "dns_queries_tcp_total", "Questions over TCP.", dns.tcp_queries);
    append(out, "dns_refused_total",
           "Questions for names that are not ours; a rise may be a wrong delegation.", dns.refused);
    append(out, "dns_malformed_total", "Packets that are no DNS question.", dns.malformed);
    append(out, "dns_rate_limited_total",
           "Answers cut short because one client asked too much; a rise is a flood.", dns.rate_limited);
    if (wishes_ != nullptr) {
        const auto& wishes = wishes_->counts();
        append(out, "wishes_granted_total", "Names that pools took on demand.", wishes.granted);
        append(out, "wishes_refused_total", "Names that pools were asked for and did not take.",
               wishes.refused);
        append(out, "wishes_limited_total",
               "Names that were not looked at because too many were asked for; a rise is a flood.",
               wishes.limited);
    }
    if (edge_ == nullptr) {
        return out;
    }
    std::uint64_t connections = 0, failed = 0, requests = 0, upstream_failed = 0, challenges = 0;
    std::uint64_t turned_away = 0, filtered = 0, misdirected = 0, unknown_host = 0, unlogged = 0;
    for (const auto* loop : edge_->counters()) {
        connections += loop->connections.load();
        failed += loop->handshakes_failed.load();
        requests += loop->requests.load();
        upstream_failed += loop->upstream_failed.load();
        challenges += loop->challenges.load();
        turned_away += loop->turned_away.load() + loop->accept_failed.load();
        filtered += loop->filtered.load();
        misdirected += loop->misdirected.load();
        unknown_host += loop->unknown_host.load();
        unlogged += loop->access_log_dropped.load();
    }
    append(out, "edge_connections_total", "Connections accepted.", connections);
    append(out, "edge_handshakes_failed_total", "TLS handshakes that clients or we gave up.", failed);
    append(out, "edge_turned_away_total",
           "Connections that found no room; a rise wants more open files or another edge.", turned_away);
    append(out, "edge_filtered_total", "Requests from addresses that an IP filter leaves out.", filtered);
    append(out, "edge_misdirected_total", "Requests on a connection for another name (421).", misdirected);
    append(out, "edge_unknown_host_total", "Requests for names without endpoint or upstream.", unknown_host);
    append(out, "edge_requests_total", "Requests.", requests);
    append(out, "edge_upstream_failed_total",
           "Requests whose origin failed; look at the endpoint's upstream.", upstream_failed);
    append(out, "edge_access_log_dropped_total",
           "Lines of the access log that were lost to a disk that is too slow.", unlogged);
    append(out, "challenge_requests_total", "HTTP-01 challenges answered.", challenges);
    return out;
}

}  // namespace app
