#include "alerts/service.h"

#include "base/random.h"
#include "endpoints/lookup.h"

#include <fmt/format.h>

#include <algorithm>

namespace alerts {

using base::Errc;
using base::Result;
using base::Task;

namespace {

constexpr std::chrono::days longest_silence{366};
constexpr std::size_t longest_reason = 500;

base::Error absent(std::string_view what, std::string_view id)
{
    return base::Error(Errc::not_found, fmt::format("there is no {} '{}'", what, id.substr(0, 100)))
        .with_code(fmt::format("{}_not_found", what))
        .with_fix(fmt::format("See what exists with: certwright alert list --{}",
                              what == "silence" ? "silences" : "all"));
}

Result<model::Alert> find_alert(store::Transaction& tx, const Caller& caller, const std::string& id)
{
    auto alert = tx.alerts.get(id);
    if (!alert && alert.error().kind() != Errc::not_found) {
        return alert;
    }
    if (!alert || !caller.may_see(alert->tenant)) {
        return base::fail(absent("alert", id));
    }
    return alert;
}

base::Error invalid_silence(std::string message)
{
    return base::Error(Errc::invalid, std::move(message))
        .with_code("silence_invalid")
        .with_fix("Say one of alert (its id), endpoint and rule, and an end within a year.");
}

std::string no_such_rule(std::string_view rule)
{
    std::string known;
    for (const auto& each : rules()) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
    }
    return fmt::format("'{}' is not a rule; rules are: {}", rule.substr(0, 60), known);
}

Result<> check_silence(const NewSilence& wanted, base::Time now)
{
    const int said =
        (wanted.alert.empty() ? 0 : 1) + (wanted.endpoint.empty() ? 0 : 1) + (wanted.rule.empty() ? 0 : 1);
    if (said != 1) {
        return base::fail(invalid_silence("a silence is about one alert, one endpoint, or one rule"));
    }
    if (!wanted.rule.empty() && find_rule(wanted.rule) == nullptr) {
        return base::fail(invalid_silence(no_such_rule(wanted.rule)));
    }
    if (wanted.until <= now || wanted.until > now + longest_silence) {
        return base::fail(invalid_silence("a silence ends in the future, within a year"));
    }
    if (wanted.reason.size() > longest_reason) {
        return base::fail(invalid_silence("the reason is longer than 500 characters"));
    }
    return {};
}

}  // namespace

Service::Service(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer,
                 const endpoints::UpstreamPolicy& addresses, const Options& options)
    : store_(store), clock_(clock), sealer_(sealer), addresses_(addresses), options_(options)
{
}

Task<store::Page<model::Alert>> Service::list(Caller caller, AlertListing listing)
{
    if (!listing.rule.empty() && find_rule(listing.rule) == nullptr) {
        co_return base::fail(base::Error(Errc::invalid, no_such_rule(listing.rule))
                                 .with_code("parameters_invalid")
                                 .with_fix("Name one of them, or none for all alerts."));
    }
    auto read = [caller, listing](store::Transaction& tx) -> Result<store::Page<model::Alert>> {
        store::AlertFilter filter;
        filter.tenant = caller.tenant;
        filter.rule = listing.rule;
        filter.resolved = listing.resolved;
        filter.after = listing.after;
        filter.limit = listing.limit;
        if (!listing.endpoint.empty()) {
            TRY(endpoint, endpoints::find_endpoint(tx, caller, listing.endpoint));
            filter.subject = endpoint.id;
        }
        return tx.alerts.list(filter);
    };
    co_return co_await store_.read(std::move(read));
}

Task<model::Alert> Service::get(Caller caller, std::string alert)
{
    auto read = [caller, alert](store::Transaction& tx) { return find_alert(tx, caller, alert); };
    co_return co_await store_.read(std::move(read));
}

Task<model::Silence> Service::silence(Caller caller, NewSilence wanted)
{
    const auto now = clock_.now();
    CO_CHECKED(check_silence(wanted, now));
    auto write = [caller, wanted, now](store::Transaction& tx) -> Result<model::Silence> {
        constexpr std::size_t most = 500;
        TRY(lasting, tx.alerts.silences(caller.tenant, now));
        if (lasting.size() >= most) {
            return base::fail(base::Error(Errc::unauthorized, "there are 500 silences already")
                                  .with_code("quota_exceeded"));
        }
        model::Silence made;
        made.id = base::new_id("sil");
        made.tenant = caller.tenant;
        made.rule = wanted.rule;
        made.until = wanted.until;
        made.reason = wanted.reason;
        made.created_at = now;
        if (!wanted.alert.empty()) {
            TRY(alert, find_alert(tx, caller, wanted.alert));
            made.alert = alert.id;
        }
        if (!wanted.endpoint.empty()) {
            TRY(endpoint, endpoints::find_endpoint(tx, caller, wanted.endpoint));
            made.subject = endpoint.id;
        }
        CHECKED(tx.alerts.put_silence(made));
        return made;
    };
    co_return co_await store_.write(std::move(write));
}

Task<std::vector<model::Silence>> Service::silences(Caller caller)
{
    auto read = [caller, now = clock_.now()](store::Transaction& tx) {
        return tx.alerts.silences(caller.tenant, now);
    };
    co_return co_await store_.read(std::move(read));
}

Task<> Service::unsilence(Caller caller, std::string silence)
{
    auto write = [caller, silence](store::Transaction& tx) -> Result<> {
        TRY(found, tx.alerts.silence(silence));
        if (!found || !caller.may_see(found->tenant)) {
            return base::fail(absent("silence", silence));
        }
        return tx.alerts.remove_silence(silence);
    };
    co_return co_await store_.write(std::move(write));
}

}  // namespace alerts
