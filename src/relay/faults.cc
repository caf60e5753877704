#include "relay/faults.h"

#include "base/random.h"

#include <boost/describe/enum_to_string.hpp>

#include <algorithm>

namespace relay {

namespace {

constexpr const char* busy_page =
    "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503 Service "
    "Temporarily Unavailable</h1></center><hr><center>proxy</center></body></html>\n";

// "shop.test" alone, or ".shop.test" for what lies below.
bool names(const std::string& wanted, const std::string& identifier)
{
    return wanted.starts_with('.') ? identifier.ends_with(wanted) : identifier == wanted;
}

bool meets(const FaultRule& rule, Step step, const std::vector<std::string>& identifiers,
           const std::string& account)
{
    // A rule without a step is about requests: outcomes are not meant.
    const bool request = step != Step::validation && step != Step::issuance;
    if (rule.step ? *rule.step != step : !request) {
        return false;
    }
    const bool named = rule.identifier.empty() || std::ranges::any_of(identifiers, [&](const auto& each) {
                           return names(rule.identifier, each);
                       });
    return named && (rule.account.empty() || rule.account == account);
}

}  // namespace

std::string Faults::add(FaultRule rule)
{
    if (rule.id.empty()) {
        rule.id = base::new_id("rule");
    }
    rules_.push_back(std::move(rule));
    return rules_.back().id;
}

bool Faults::remove(const std::string& id)
{
    return std::erase_if(rules_, [&](const auto& rule) { return rule.id == id; }) > 0;
}

Faults::Verdict Faults::judge(Step step, const std::vector<std::string>& identifiers,
                              const std::string& account)
{
    Verdict verdict;
    for (auto& rule : rules_) {
        if (rule.times == 0 || !meets(rule, step, identifiers, account) || !chance(rule.percent)) {
            continue;
        }
        const bool decides = !rule.problem.none() || !rule.delivery.whole();
        const bool decided = !verdict.problem.none() || !verdict.delivery.whole();
        if (decides && decided) {
            continue;
        }
        if (rule.skip > 0) {
            --rule.skip;
            continue;
        }
        rule.times -= rule.times > 0 ? 1 : 0;
        verdict.delay += rule.delay;
        if (decides) {
            verdict.problem = rule.problem;
            verdict.delivery = rule.delivery;
        }
    }
    return verdict;
}

const Outage* Faults::current(base::Time now) const
{
    const auto holds = [now](const Outage& each) { return each.from <= now && now < each.until; };
    const auto found = std::ranges::find_if(outages_, holds);
    return found == outages_.end() ? nullptr : &*found;
}

std::optional<OutageKind> Faults::outage_kind(base::Time now) const
{
    const auto* found = current(now);
    return found == nullptr ? std::nullopt : std::optional(found->kind);
}

Problem Faults::outage(base::Time now) const
{
    const auto* found = current(now);
    Problem problem;
    if (found == nullptr) {
        return problem;
    }
    problem = Problem(503, "rateLimited", "Service busy; retry later.");
    problem.retry_after = found->retry_after;
    problem.cut = found->kind != OutageKind::unavailable && found->kind != OutageKind::page;
    if (found->kind == OutageKind::page) {
        problem.page = busy_page;
    }
    return problem;
}

const RenewalWindow* Faults::window(const std::string& ari_id) const
{
    auto found = windows_.find(ari_id);
    if (found == windows_.end()) {
        found = windows_.find("*");
    }
    return found == windows_.end() ? nullptr : &found->second;
}

bool Faults::chance(int percent)
{
    constexpr int whole = 100;
    return percent >= whole || static_cast<int>(base::random_below(whole)) < percent;
}

}  // namespace relay
