// What `certwright doctor` makes of an endpoint: what is wrong, who must act, what to type next. Pure: JSON
// in, JSON or text out.
#pragma once

#include "cli/json_view.h"
#include "cli/paint.h"

namespace cli {

// One thing to do.
struct Action {
    std::string code;
    std::string message;
    std::string actor;
    std::string fix;
    bool needed = true;  // false: worth mending, but nothing waits for it
};

// The needed ones first; each fix once.
std::vector<Action> actions_for(const json::object& endpoint);
// Served with its own certificate, and nothing will break as far as can be seen.
bool is_healthy(const json::object& endpoint);
// Commands, each with its purpose.
std::vector<std::pair<std::string, std::string>> next_steps(const json::object& endpoint);

// The endpoint as the API tells it, and `healthy`, `actions` and `next` beside it.
json::object diagnosis_json(json::object endpoint);
// Records found and expected, every condition, who must act, what to type next.
std::string diagnosis_text(const json::object& endpoint, const Paint& paint, base::Time now);

}  // namespace cli
