#include "issuance/challenge_choice.h"

#include <algorithm>

namespace issuance {

using model::ChallengeType;

std::optional<ChallengeType> next_challenge(const std::vector<ChallengeType>& usable,
                                            const ProofHistory& history)
{
    if (usable.empty()) {
        return std::nullopt;
    }
    const auto place = [&](std::optional<ChallengeType> each) {
        return each ? std::ranges::find(usable, *each) : usable.end();
    };
    if (const auto last = place(history.last); last != usable.end()) {
        if (!history.last_failed) {
            return *last;
        }
        return std::next(last) == usable.end() ? usable.front() : *std::next(last);
    }
    // HTTP-01 stands first unless its port was seen closed.
    const bool closed = history.proved_by == ChallengeType::http_01 && usable.front() != *history.proved_by;
    const auto before = place(history.proved_by);
    return before == usable.end() || closed ? usable.front() : *before;
}

}  // namespace issuance
