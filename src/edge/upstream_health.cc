#include "edge/upstream_health.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace edge {

namespace {

constexpr std::chrono::seconds in_use{60};
constexpr std::size_t most_watched = 1'000;

// A blank stands in neither.
std::string name_of(const Route& route, const Upstream& upstream)
{
    return route.endpoint + " " + upstream.name;
}

}  // namespace

UpstreamHealth::Time UpstreamHealth::left_alone_until(const Route& route, const Upstream& upstream, Time now)
{
    const auto name = name_of(route, upstream);
    const auto failed_until = failures_.left_alone_until(name, now).value_or(Time::min());
    const auto& path = route.forwarding.health_path;
    if (path.empty()) {
        return failed_until;
    }
    const auto key = name + path;
    auto found = watched_.find(key);
    if (found == watched_.end() && watched_.size() < most_watched) {
        Watched added;
        added.name = name;
        added.upstream = upstream;
        added.path = path;
        found = watched_.emplace(key, std::move(added)).first;
    }
    if (found == watched_.end()) {
        return failed_until;
    }
    found->second.used = now;
    found->second.proxy_protocol = route.forwarding.proxy_protocol;
    return found->second.well ? failed_until : std::max(failed_until, now + in_use);
}

const std::map<std::string, UpstreamHealth::Watched>& UpstreamHealth::watched()
{
    const auto since = std::chrono::steady_clock::now() - in_use;
    std::erase_if(watched_, [&](const auto& each) { return each.second.used < since; });
    return watched_;
}

void UpstreamHealth::checked(const std::string& key, bool well)
{
    const auto found = watched_.find(key);
    if (found == watched_.end()) {
        return;
    }
    if (std::exchange(found->second.well, well) != well) {
        if (well) {
            failures_.succeeded(found->second.name);
        }
        base::log::warning(well ? "upstream_well" : "upstream_unwell",
                           {{"upstream", found->second.upstream.name}, {"path", found->second.path}});
    }
}

const Upstream& UpstreamHealth::choose(const Route& route, const Upstream* but)
{
    const auto& all = route.upstreams;
    if (all.size() == 1) {
        return all.front();
    }
    const auto now = std::chrono::steady_clock::now();
    const auto first = turn_++;
    const Upstream* best = nullptr;
    Time best_until = Time::max();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& each = all[(first + i) % all.size()];
        const auto until = left_alone_until(route, each, now);
        if (&each != but && (best == nullptr || until < best_until)) {
            best = &each;
            best_until = until;
        }
    }
    return *best;
}

void UpstreamHealth::answered(const Route& route, const Upstream& upstream)
{
    if (!failures_.empty()) {
        failures_.succeeded(name_of(route, upstream));
    }
}

void UpstreamHealth::failed(const Route& route, const Upstream& upstream)
{
    if (route.upstreams.size() < 2) {
        return;  // It is asked all the same.
    }
    const auto now = std::chrono::steady_clock::now();
    const auto name = name_of(route, upstream);
    const bool good = !failures_.left_alone_until(name, now);
    failures_.failed(name, now);
    if (good && failures_.left_alone_until(name, now)) {
        base::log::warning("upstream_left_alone",
                           {{"endpoint", route.endpoint}, {"upstream", upstream.name}});
    }
}

}  // namespace edge
