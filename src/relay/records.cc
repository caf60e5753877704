#include "relay/records.h"

#include <algorithm>

namespace relay {

Challenge* Authorization::find(const std::string& type)
{
    const auto found = std::ranges::find(challenges, type, &Challenge::type);
    return found == challenges.end() ? nullptr : &*found;
}

std::int64_t Authorization::validated_at() const
{
    std::int64_t at = 0;
    for (const auto& each : challenges) {
        at = std::max(at, each.validated_at);
    }
    return at;
}

std::vector<std::string> texts_of(const std::vector<Identifier>& identifiers)
{
    std::vector<std::string> texts;
    for (const auto& each : identifiers) {
        texts.push_back(each.value);
    }
    return texts;
}

}  // namespace relay
