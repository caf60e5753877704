#include "soak/soak.h"

#include "soak/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

namespace soak {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;

// The ladder of retries ends at one a day, and DNS is looked at more rarely here than in earnest: a name that
// was broken for two weeks is seen healed two days later at the latest.
constexpr hours time_enough{60};

// Those who wait for no longer than this (for the pace of requests, say) are let go on within a step.
constexpr milliseconds short_wait{std::chrono::minutes(1)};

// Who wakes within this time wakes together: much less than the bursts that a CA lets pass.
constexpr milliseconds together{50};

double in_days(milliseconds span)
{
    return std::chrono::duration<double, std::ratio<86400>>(span).count();
}

class Soak {
public:
    Soak(const SoakOptions& options, store::Store& store, VirtualClock& clock)
        : options_(options),
          world_(make_world(options.world)),
          clock_(clock),
          dns_(clock, world_),
          ca_(clock, dns_, world_, ca_options(options)),
          engine_(store, clock, dns_, ca_, world_.platform,
                  {options.step, options.longest_check, options.orders_in_three_hours})
    {
    }

    base::Result<SoakReport> run();

private:
    static CaOptions ca_options(const SoakOptions& options)
    {
        CaOptions made;
        made.seed = options.world.seed;
        made.one_lost_in = options.one_answer_lost_in;
        made.renewal_info_every = options.renewal_info_every;
        made.orders_in_three_hours = options.orders_in_three_hours;
        return made;
    }

    base::Result<> add_sites();
    void play_events();
    base::Result<> work(base::Time until);
    void tell();
    void judge();
    void judge_site(const Site& site, const std::string& key_suffix);
    bool had_time(const Site& site, Interval span) const;

    const SoakOptions& options_;
    const World world_;
    VirtualClock& clock_;
    SimulatedDns dns_;
    ModelCa ca_;
    Engine engine_;
    SoakReport report_;
    std::size_t next_site_ = 0;
    std::size_t next_clock_event_ = 0;
    std::size_t next_mass_event_ = 0;
    base::Time told_{};
};

base::Result<> Soak::add_sites()
{
    std::vector<model::Endpoint> added;
    for (; next_site_ < world_.sites.size() && world_.sites[next_site_].added <= clock_.true_time();
         ++next_site_) {
        added.push_back(world_.sites[next_site_].endpoint);
    }
    return added.empty() ? base::Result<>() : engine_.add(added);
}

void Soak::play_events()
{
    const auto now = clock_.true_time();
    for (; next_clock_event_ < world_.clock.size() && world_.clock[next_clock_event_].when <= now;
         ++next_clock_event_) {
        const auto& event = world_.clock[next_clock_event_];
        clock_.set_skew(event.skew);
        clock_.move_to(clock_.true_time() + event.frozen);
    }
    for (; next_mass_event_ < world_.mass_events.size() && world_.mass_events[next_mass_event_] <= now;
         ++next_mass_event_) {
        ca_.call_in();
    }
}

// Everything that can be done at this time, and what others wait for in the next moments of this step.
base::Result<> Soak::work(base::Time until)
{
    const auto began = clock_.true_time();
    while (true) {
        ++report_.steps;
        if (!engine_.settle()) {
            return base::fail(base::Errc::timeout,
                              "orders do not come to rest at " + base::to_rfc3339(clock_.true_time()));
        }
        const auto wake = clock_.next_wake();
        if (!wake || *wake > std::min(until, clock_.true_time() + short_wait)) {
            break;
        }
        clock_.move_to(std::max(*wake, clock_.true_time() + together));
    }
    report_.longest_busy = std::max(report_.longest_busy, clock_.true_time() - began);
    return {};
}

void Soak::tell()
{
    const auto now = clock_.true_time();
    if (!options_.progress || now < told_ + days(10)) {
        return;
    }
    told_ = now;
    options_.progress(
        fmt::format("day {:3.0f}: {} names, {} certificates, {} requests to the CA, {} refused, {} steps",
                    in_days(now - world_.start), next_site_, ca_.issued().size(), ca_.counts().requests,
                    ca_.counts().refused, report_.steps));
}

bool Soak::had_time(const Site& site, Interval span) const
{
    std::vector<Interval> ours = world_.outages;
    for (const auto& each : world_.clock) {
        ours.push_back({each.when, each.when + each.frozen});
    }
    return longest_calm(site.broken, ours, span) >= time_enough;
}

// The life of one kind of certificate of a site: from the first to the end of the simulation.
void Soak::judge_site(const Site& site, const std::string& key_suffix)
{
    std::vector<std::string> identifiers;
    for (const auto& name : site.endpoint.names) {
        identifiers.push_back(name.text());
    }
    std::ranges::sort(identifiers);
    const auto found = ca_.by_key().find(fmt::format("{}{}", fmt::join(identifiers, ","), key_suffix));
    if (found == ca_.by_key().end()) {
        report_.never_issued += had_time(site, {site.added + days(28), world_.end}) ? 1 : 0;
        return;
    }
    const auto& numbers = found->second;
    const bool calm = site.broken.empty();
    if (calm) {
        report_.slowest_first =
            std::max(report_.slowest_first, ca_.issued()[numbers.front()].when - site.added);
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto& certificate = ca_.issued()[numbers[i]];
        const auto lifetime = certificate.not_after - certificate.when;
        const auto next = i + 1 < numbers.size() ? ca_.issued()[numbers[i + 1]].when : world_.end;
        if (i + 1 < numbers.size() && calm) {
            report_.worst_life_left =
                std::min(report_.worst_life_left, (certificate.not_after - next) / (lifetime * 1.0));
        }
        if (next > certificate.not_after && certificate.not_after < world_.end) {
            ++report_.expired;
            if (had_time(site, {certificate.not_after - lifetime / 3, certificate.not_after})) {
                report_.lost_names.push_back(
                    fmt::format("{} on {}", found->first, base::to_rfc3339(certificate.not_after)));
            }
        }
    }
    report_.renewed += numbers.size() - 1;
}

void Soak::judge()
{
    for (const auto& site : world_.sites) {
        judge_site(site, " ecdsa");
        if (site.endpoint.key_types.size() > 1) {
            judge_site(site, " rsa");
        }
    }
    report_.names = world_.sites.size();
    report_.issued = ca_.issued().size();
    report_.ca = ca_.counts();
    report_.duplicates = ca_.duplicates();
    for (const auto& each : ca_.limits().violations()) {
        report_.limits_violated.push_back(fmt::format("{} of {} at {}{}", relay::to_string(each.limit),
                                                      each.key, base::to_rfc3339(each.when),
                                                      each.refused ? ", refused" : ""));
    }
}

base::Result<SoakReport> Soak::run()
{
    CHECKED(engine_.start());
    while (clock_.true_time() < world_.end) {
        const auto next = clock_.true_time() + options_.step;
        CHECKED(add_sites());
        CHECKED(work(next));
        tell();
        clock_.move_to(std::max(next, clock_.true_time()));
        play_events();
    }
    judge();
    return std::move(report_);
}

}  // namespace

std::string SoakReport::to_text() const
{
    return fmt::format(
        "names {}, issued {}, renewed {} ({} exempt by ARI), CA requests {}\n"
        "refused by a limit {}, limits violated {}, duplicates {}, answers lost {}, failed proofs {}\n"
        "expired {}, of them with time to renew {}; without a certificate though there was time {}\n"
        "worst life left at a renewal {:.1f} % (undisturbed names), slowest first certificate {:.1f} days\n"
        "longest virtual time that work had to wait in one step {} s, steps {}",
        names, issued, renewed, ca.ari_renewals, ca.requests, ca.refused, limits_violated.size(),
        duplicates.size(), ca.lost, ca.failed_proofs, expired, lost_names.size(), never_issued,
        worst_life_left * 100, in_days(slowest_first),
        std::chrono::duration_cast<std::chrono::seconds>(longest_busy).count(), steps);
}

void keep_files_in_memory()
{
    if (std::filesystem::is_directory("/dev/shm")) {
        setenv("TMPDIR", "/dev/shm", 0);
    }
}

base::Result<SoakReport> run_soak(const SoakOptions& options)
{
    VirtualClock clock(options.world.start);
    TRY(store, store::open_sqlite(options.folder / "soak.db", clock));
    Soak soak(options, *store, clock);
    return soak.run();
}

}  // namespace soak
