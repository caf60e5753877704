#include "issuance/ca_health.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using model::CaHealth;
using model::CaState;
using std::chrono::milliseconds;

constexpr milliseconds first_probe = std::chrono::minutes(1);
constexpr milliseconds longest_probe = std::chrono::minutes(15);

base::Result<> append_event(store::Transaction& tx, const model::CaAccount& account, std::string type,
                            std::string message, const model::Problem& problem, base::Time now)
{
    model::Event event;
    event.subject = account.id;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["account"] = account.name;
    event.data["directory"] = account.directory_url;
    if (!problem.none()) {
        event.data["reason"] = problem.code;
    }
    event.created_at = now;
    return tx.events.append(event);
}

}  // namespace

// One minute after it opened, later ever more rarely.
milliseconds probe_interval(int outages)
{
    const int doublings = std::clamp(outages - outages_to_open, 0, 10);
    return std::min(first_probe * (1 << doublings), longest_probe);
}

base::Result<> note_outage(store::Transaction& tx, const model::CaAccount& account,
                           const model::Problem& problem, base::Time now)
{
    TRY(health, tx.accounts.health(account.directory_url));
    health.problem = problem;
    if (health.state == CaState::failing) {
        return tx.accounts.put_health(health);  // Was sent before the breaker opened.
    }
    ++health.failures;
    const bool opens = health.state == CaState::healthy && health.failures >= outages_to_open;
    if (opens || health.state == CaState::probing) {
        health.state = CaState::failing;
        health.probe_at = now + probe_interval(health.failures);
    }
    if (opens) {
        health.since = now;
        base::log::warning("ca_degraded", {{"ca", account.directory_url}, {"problem", problem.message}});
        CHECKED(append_event(tx, account, "ca.degraded",
                             fmt::format("The CA of the account '{}' is failing; names go to other accounts "
                                         "where their policy has one. {}",
                                         account.name, problem.message),
                             problem, now));
    }
    return tx.accounts.put_health(health);
}

base::Result<> note_answer(store::Transaction& tx, const std::string& id, base::Time now)
{
    TRY(account, tx.accounts.get(id));
    if (!account.problem.none()) {
        account.problem = {};
        CHECKED(tx.accounts.put(account));
    }
    TRY(health, tx.accounts.health(account.directory_url));
    if (health.state == CaState::healthy && health.failures == 0) {
        return {};
    }
    const bool was_open = health.state != CaState::healthy;
    health.state = CaState::healthy;
    health.failures = 0;
    health.problem = {};
    if (was_open) {
        health.since = now;
        base::log::info("ca_recovered", {{"ca", account.directory_url}});
        CHECKED(append_event(tx, account, "ca.recovered",
                             fmt::format("The CA of the account '{}' works again.", account.name), {}, now));
    }
    return tx.accounts.put_health(health);
}

base::Result<> note_account_problem(store::Transaction& tx, const model::CaAccount& account,
                                    const model::Problem& problem, base::Time now)
{
    TRY(stored, tx.accounts.get(account.id));
    const bool told = stored.problem == problem;
    stored.problem = problem;
    CHECKED(tx.accounts.put(stored));
    if (told) {
        return {};
    }
    return append_event(
        tx, account, "ca.account_invalid",
        fmt::format("The CA does not accept the account '{}'. {}", account.name, problem.message), problem,
        now);
}

base::Result<> note_limit(store::Transaction& tx, const model::CaAccount& account,
                          const model::Problem& problem, base::Time until, base::Time now)
{
    TRY(health, tx.accounts.health(account.directory_url));
    const bool told = health.limited_until && *health.limited_until > now;
    health.limited_until = std::max(health.limited_until.value_or(until), until);
    CHECKED(tx.accounts.put_health(health));
    if (told) {
        return {};
    }
    return append_event(
        tx, account, "ca.rate_limited",
        fmt::format("A limit of the CA of the account '{}' is reached. {}", account.name, problem.message),
        problem, now);
}

base::Result<std::optional<milliseconds>> wait_for_ca(store::Transaction& tx,
                                                      const std::string& directory_url, base::Time now)
{
    TRY(health, tx.accounts.health(directory_url));
    if (health.state == CaState::healthy || health.probe_at <= now) {
        return std::optional<milliseconds>();
    }
    // A clock that was set back must not keep it closed.
    return std::optional(std::min<milliseconds>(health.probe_at - now, longest_probe));
}

base::Result<std::optional<milliseconds>> enter_ca(store::Transaction& tx, const std::string& directory_url,
                                                   base::Time now)
{
    TRY(wait, wait_for_ca(tx, directory_url, now));
    TRY(health, tx.accounts.health(directory_url));
    if (!wait && health.state != CaState::healthy) {
        health.state = CaState::probing;
        health.probe_at = now + probe_interval(health.failures);
        CHECKED(tx.accounts.put_health(health));
    }
    return wait;
}

}  // namespace issuance
