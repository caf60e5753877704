// Problem: why something is not as it should be, who must act, and the fix. The same record feeds API, CLI
// and alerts.
#pragma once

#include <string>
#include <string_view>

namespace model {

// Who has to do something.
enum class Actor { none, customer, platform, ca };

std::string_view to_string(Actor actor);
Actor actor_from(std::string_view text);  // unknown text is `none`

struct Problem {
    std::string code;     // stable, e.g. "dns_not_found"; empty: no problem
    std::string message;  // a sentence for a person, with the names in it
    Actor actor = Actor::none;
    std::string fix;  // what that actor does; empty when there is nothing to do

    bool none() const { return code.empty(); }
    bool operator==(const Problem&) const = default;
};

}  // namespace model
