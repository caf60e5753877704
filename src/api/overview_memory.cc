#include "api/overview_memory.h"

#include <algorithm>

namespace api {

std::optional<OverviewMemory::Ends> OverviewMemory::find(const std::string& tenant, base::Time now) const
{
    const auto found = counted_.find(tenant);
    // The clock may have been set back.
    if (found == counted_.end() || now < found->second.at || now - found->second.at >= life) {
        return std::nullopt;
    }
    return found->second.ends;
}

void OverviewMemory::put(const std::string& tenant, base::Time now, Ends ends)
{
    counted_.insert_or_assign(tenant, Counted{now, std::move(ends)});
    if (counted_.size() > most) {
        counted_.erase(
            std::ranges::min_element(counted_, {}, [](const auto& each) { return each.second.at; }));
    }
}

}  // namespace api
