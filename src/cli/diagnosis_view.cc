#include "cli/diagnosis_view.h"

#include <algorithm>

namespace cli {

namespace {

bool in(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::ranges::find(words, word) != words.end();
}

// Conditions are "true", "false" or "unknown".
bool is_false(const json::object& condition)
{
    return text(condition, "status") == "false";
}

// Whether a record that the condition is about must exist. What HTTP proves needs no delegation.
bool is_optional(const json::object& endpoint, const json::object& condition)
{
    const auto type = text(condition, "type");
    const std::string_view purpose = type == "ChallengeDelegation" ? "challenge"
                                     : type == "Ownership"         ? "ownership"
                                                                   : "";
    if (purpose.empty()) {
        return false;
    }
    const auto records = objects(endpoint, "required_records");
    return std::ranges::none_of(records, [&](const json::object& each) {
        return text(each, "purpose") == purpose && flag(each, "required");
    });
}

void add_action(std::vector<Action>& all, const json::object& problem, bool needed)
{
    Action made{text(problem, "code"), text(problem, "message"), text(problem, "actor"), text(problem, "fix"),
                needed};
    const auto same = [&](const Action& each) { return each.code == made.code && each.fix == made.fix; };
    if (!made.code.empty() && !made.fix.empty() && std::ranges::none_of(all, same)) {
        all.push_back(std::move(made));
    }
}

}  // namespace

std::vector<Action> actions_for(const json::object& endpoint)
{
    std::vector<Action> all;
    add_action(all, object(endpoint, "reason"), true);
    const bool active = text(endpoint, "state") == "active";
    const auto conditions = objects(endpoint, "conditions");
    // What answers elsewhere is somebody else's, as long as the name leads there.
    const bool away = std::ranges::any_of(conditions, [](const json::object& each) {
        return text(each, "type") == "DnsRouting" && is_false(each);
    });
    for (const bool needed : {true, false}) {
        for (const auto& each : conditions) {
            if (away && in(text(each, "type"), {"Reachable", "Origin"})) {
                continue;
            }
            const bool matters = is_false(each) && !is_optional(endpoint, each);
            const bool advice = !is_false(each) || !active;
            if (needed ? matters : !matters && (advice || !is_optional(endpoint, each))) {
                add_action(all, object(each, "problem"), needed);
            }
        }
    }
    return all;
}

bool is_healthy(const json::object& endpoint)
{
    const auto conditions = objects(endpoint, "conditions");
    return text(endpoint, "state") == "active" && text(object(endpoint, "reason"), "code").empty() &&
           std::ranges::none_of(conditions, [&](const json::object& each) {
               return is_false(each) && !is_optional(endpoint, each) &&
                      in(text(each, "type"), {"DnsRouting", "CaaAllows", "Reachable", "Origin", "Deployed"});
           });
}

std::vector<std::pair<std::string, std::string>> next_steps(const json::object& endpoint)
{
    const auto name = text(endpoint, "name");
    const auto state = text(endpoint, "state");
    std::vector<std::pair<std::string, std::string>> made;
    const auto add = [&](std::string_view command, std::string why) {
        made.emplace_back("certwright " + std::string(command) + " " + name, std::move(why));
    };
    const auto actions = actions_for(endpoint);
    if (std::ranges::any_of(actions, &Action::needed)) {
        add("doctor", "look again when that is done");
    }
    if (in(state, {"parked", "action_required"})) {
        add("endpoint retry", "try again at once, without waiting for the next turn");
    }
    if (in(state, {"pending_dns", "parked", "action_required"}) && !flag(endpoint, "serving")) {
        made.emplace_back("certwright certificate upload " + name + " --chain FILE --key FILE",
                          "bridge the time with a certificate you have");
    }
    if (state == "issuing") {
        add("endpoint show", "see how far its order is");
    }
    if (made.empty()) {
        add("endpoint show", "everything about it");
    }
    return made;
}

json::object diagnosis_json(json::object endpoint)
{
    json::array actions;
    for (const auto& each : actions_for(endpoint)) {
        actions.push_back(json::object{{"code", each.code},
                                       {"message", each.message},
                                       {"actor", each.actor},
                                       {"fix", each.fix},
                                       {"needed", each.needed}});
    }
    json::array next;
    for (const auto& [command, why] : next_steps(endpoint)) {
        next.emplace_back(command);
    }
    const bool healthy = is_healthy(endpoint);
    endpoint["healthy"] = healthy;
    endpoint["actions"] = std::move(actions);
    endpoint["next"] = std::move(next);
    return endpoint;
}

}  // namespace cli
