#include "edge/upstream_health.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace edge {

namespace {

constexpr std::chrono::seconds in_use{60};
constexpr std::size_t most_watched = 1'000;

}  // namespace

UpstreamHealth::Time UpstreamHealth::left_alone_until(const Route& route, const Upstream& upstream, Time now)
{
    const auto failed_until = failures_.left_alone_until(upstream.name, now).value_or(Time::min());
    const auto& path = route.forwarding.health_path;
    if (path.empty()) {
        return failed_until;
    }
    const auto key = upstream.name + path;
    auto found = watched_.find(key);
    if (found == watched_.end() && watched_.size() < most_watched) {
        Watched added;
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
    if (well) {
        failures_.succeeded(found->second.upstream.name);
    }
    if (std::exchange(found->second.well, well) != well) {
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

void UpstreamHealth::failed(const Upstream& upstream)
{
    const auto now = std::chrono::steady_clock::now();
    const bool good = !failures_.left_alone_until(upstream.name, now);
    failures_.failed(upstream.name, now);
    if (good && failures_.left_alone_until(upstream.name, now)) {
        base::log::warning("upstream_left_alone", {{"upstream", upstream.name}});
    }
}

}  // namespace edge
