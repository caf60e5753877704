#include "issuance/backoff.h"

#include "base/random.h"

#include <algorithm>
#include <array>

namespace issuance {

std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first)
{
    constexpr std::array<std::int64_t, 4> ladder{1, 10, 100, 1440};
    const auto step = static_cast<std::size_t>(std::clamp(attempt, 1, static_cast<int>(ladder.size())) - 1);
    const std::int64_t wait = first.count() * ladder[step];
    const std::int64_t tenth = std::max<std::int64_t>(wait / 10, 1);
    const auto jitter = static_cast<std::int64_t>(base::random_below(static_cast<std::uint64_t>(2 * tenth)));
    return std::chrono::milliseconds(wait - tenth + jitter);
}

}  // namespace issuance
