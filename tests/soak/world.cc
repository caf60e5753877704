#include "soak/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace soak {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class Dice {
public:
    explicit Dice(std::uint64_t seed) : source_(seed) {}

    bool one_in(std::uint64_t count) { return below(count) == 0; }
    std::uint64_t below(std::uint64_t count) { return source_() % count; }
    milliseconds between(milliseconds least, milliseconds most)
    {
        return least + milliseconds(static_cast<std::int64_t>(
                           below(static_cast<std::uint64_t>((most - least).count()) + 1)));
    }

private:
    std::mt19937_64 source_;
};

model::Platform platform_of_the_world()
{
    model::Platform platform;
    platform.domain = model::DomainName::parse("platform.test").value();
    platform.challenge_zone = model::DomainName::parse("acme.platform.test").value();
    return platform;
}

// One name in twelve is one of many under one domain: the limit per registered domain holds for them.
std::vector<std::string> names_of(std::size_t index, Dice& dice)
{
    const auto domain =
        dice.one_in(12) ? fmt::format("big{}.test", index / 1'800) : fmt::format("customer{}.test", index);
    const auto first = fmt::format("app{}.{}", index, domain);
    switch (dice.below(12)) {
        case 0:
            return {first, "www." + first};
        case 1:
            return {first, "*." + first};
        default:
            return {first};
    }
}

model::Endpoint make_endpoint(std::size_t index, Dice& dice, const model::Platform& platform)
{
    model::Endpoint made;
    made.id = fmt::format("ep_{:06}", index);
    made.tenant = dice.one_in(3) ? "busy" : "default";
    for (const auto& name : names_of(index, dice)) {
        made.names.push_back(model::DomainName::parse(name).value());
    }
    made.kind = dice.one_in(4) ? model::EndpointKind::internal : model::EndpointKind::external;
    if (dice.one_in(200)) {
        made.key_types.push_back(model::KeyType::rsa_2048);
    }
    made.upstream = "http://192.0.2.9:8080";
    made.label = fmt::format("l{:06}", index);
    made.required_records = model::required_records(made, platform);
    return made;
}

// From minutes to two weeks, most of them short.
std::vector<Interval> break_dns(base::Time from, base::Time end, Dice& dice)
{
    std::vector<Interval> broken;
    while (dice.below(2) == 0) {
        const auto begin = from + dice.between(hours(6), days(150));
        if (begin >= end) {
            break;
        }
        const auto longest = dice.one_in(4) ? milliseconds(days(14)) : milliseconds(hours(12));
        broken.push_back({begin, begin + dice.between(minutes(10), longest)});
        from = broken.back().to;
    }
    return broken;
}

// Every other week, for hours; once for more than a day.
std::vector<Interval> break_ca(const World& world, Dice& dice)
{
    std::vector<Interval> outages;
    auto at = world.start + dice.between(hours(12), days(6));
    for (int count = 0; at < world.end; ++count) {
        const auto length = count == 3 ? milliseconds(hours(30)) : dice.between(minutes(20), hours(8));
        outages.push_back({at, at + length});
        at += length + dice.between(days(3), days(20));
    }
    return outages;
}

std::vector<ClockEvent> jump_clock(const World& world, Dice& dice)
{
    std::vector<ClockEvent> events;
    for (auto at = world.start + days(25); at < world.end; at += dice.between(days(6), days(18))) {
        ClockEvent event;
        event.when = at;
        switch (dice.below(3)) {
            case 0:
                event.frozen = dice.between(hours(1), hours(20));
                break;
            case 1:
                event.skew = dice.between(-minutes(50), minutes(50));
                break;
            default:
                event.skew = dice.between(-minutes(2), minutes(2));
                break;
        }
        events.push_back(event);
        if (event.skew != milliseconds(0)) {  // Somebody mends it.
            events.push_back({at + dice.between(hours(1), days(2)), milliseconds(0), milliseconds(0)});
        }
    }
    std::ranges::sort(events, {}, &ClockEvent::when);
    return events;
}

}  // namespace

bool within(const std::vector<Interval>& intervals, base::Time when)
{
    return std::ranges::any_of(intervals,
                               [when](const Interval& each) { return each.from <= when && when < each.to; });
}

milliseconds longest_calm(const std::vector<Interval>& one, const std::vector<Interval>& other, Interval span)
{
    auto all = one;
    all.insert(all.end(), other.begin(), other.end());
    std::ranges::sort(all, {}, &Interval::from);
    milliseconds longest{0};
    auto calm_since = span.from;
    for (const auto& each : all) {
        if (each.to <= span.from || each.from >= span.to) {
            continue;
        }
        longest = std::max(longest, each.from - calm_since);
        calm_since = std::max(calm_since, each.to);
    }
    return std::max(longest, span.to - calm_since);
}

World make_world(const WorldOptions& options)
{
    Dice dice(options.seed);
    World world;
    world.start = options.start;
    world.end = options.start + days(options.days);
    world.platform = platform_of_the_world();
    for (std::size_t i = 0; i < options.names; ++i) {
        Site site;
        site.endpoint = make_endpoint(i, dice, world.platform);
        site.added = world.start + dice.between(milliseconds(0), options.onboarding);
        site.how = static_cast<Breakage>(dice.below(3));
        site.broken = break_dns(site.added, world.end, dice);
        site.endpoint.created_at = site.added;
        world.sites.push_back(std::move(site));
    }
    std::ranges::sort(world.sites, {}, &Site::added);
    world.outages = break_ca(world, dice);
    world.clock = jump_clock(world, dice);
    world.mass_events = {world.start + days(40) + dice.between(hours(0), days(30)),
                         world.start + days(120) + dice.between(hours(0), days(30))};
    return world;
}

}  // namespace soak
