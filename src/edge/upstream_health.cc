#include "edge/upstream_health.h"

#include "base/log.h"

namespace edge {

const Upstream& UpstreamHealth::choose(const Route& route, const Upstream* but)
{
    using Time = std::chrono::steady_clock::time_point;
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
        const auto until = failures_.left_alone_until(each.name, now).value_or(Time::min());
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
