#include "endpoints/service.h"

#include "endpoints/group_rules.h"
#include "endpoints/lookup.h"
#include "endpoints/redirect_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace endpoints {

namespace {

// Names and values of records never change, but whether one has to be there follows the kind: of the
// addresses of an apex those of one family.
void require_routing(model::Endpoint& endpoint)
{
    std::map<std::string, std::string> family;
    for (auto& record : endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::routing) {
            const auto& first = family.try_emplace(record.name, record.type).first->second;
            record.required = endpoint.kind == model::EndpointKind::external && record.type == first;
        }
    }
}

// What stands behind the names: an app, or where else to look.
base::Result<> take_answer(const EndpointChange& change, model::Endpoint& endpoint)
{
    if (change.redirect_to && change.upstream) {
        return base::fail(base::Error(base::Errc::invalid, "a redirect has no upstream")
                              .with_code("redirect_invalid")
                              .with_fix("Give either where requests go or where they are redirected to."));
    }
    if (change.redirect_to) {
        endpoint.redirect.to = *change.redirect_to;
        endpoint.upstream.clear();
    } else if (change.upstream) {
        endpoint.upstream = *change.upstream;
        endpoint.redirect = {};
    }
    if (endpoint.redirect.none() && (change.redirect_status || change.redirect_keep_path)) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("{} is no redirect", endpoint.name().display()))
                .with_code("redirect_invalid")
                .with_fix("Say where to: --to URL (redirect_to)."));
    }
    endpoint.redirect.status = change.redirect_status.value_or(endpoint.redirect.status);
    endpoint.redirect.keep_path = change.redirect_keep_path.value_or(endpoint.redirect.keep_path);
    return {};
}

std::vector<model::Problem> advice_on(const model::Endpoint& endpoint)
{
    auto warnings = delegation_warnings(endpoint);
    if (auto warning = loop_warning(endpoint)) {
        warnings.push_back(std::move(*warning));
    }
    return warnings;
}

// The result of one line of an import; a failing store ends them all.
bool is_refusal(const base::Error& error)
{
    return error.kind() == base::Errc::invalid || error.kind() == base::Errc::conflict ||
           error.kind() == base::Errc::not_found || error.kind() == base::Errc::unauthorized;
}

}  // namespace

Service::Service(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer, Checks& checks,
                 Issuance& issuance, Options options)
    : store_(store),
      clock_(clock),
      sealer_(sealer),
      checks_(checks),
      issuance_(issuance),
      options_(std::move(options))
{
}

base::Result<> Service::publish(store::Transaction& tx, const model::Endpoint& endpoint) const
{
    tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
    tx.revisions.append(model::RevisionKind::alias, endpoint.label + "." + options_.platform.domain.text());
    return {};
}

base::Task<Outcome> Service::create(Caller caller, NewEndpoint wanted)
{
    const auto now = clock_.now();
    CO_TRY(drafted, draft(caller, wanted, now));
    auto work = [this, caller, drafted, now](store::Transaction& tx) {
        return create_in(tx, caller, drafted, now);
    };
    co_return co_await store_.write(std::move(work));
}

base::Task<std::vector<base::Result<Outcome>>> Service::import(Caller caller, std::vector<NewEndpoint> wanted)
{
    using Results = std::vector<base::Result<Outcome>>;
    const auto now = clock_.now();
    std::vector<base::Result<model::Endpoint>> drafts;
    for (const auto& each : wanted) {
        auto drafted = draft(caller, each, now);
        if (drafted) {
            drafted->bulk = true;
        }
        drafts.push_back(std::move(drafted));
    }
    auto work = [this, caller, drafts, now](store::Transaction& tx) -> base::Result<Results> {
        Results results;
        for (const auto& each : drafts) {
            auto made = each ? create_in(tx, caller, *each, now) : base::fail(each.error());
            if (!made && !is_refusal(made.error())) {
                return base::fail(std::move(made).error());
            }
            results.push_back(std::move(made));
        }
        return results;
    };
    co_return co_await store_.write(std::move(work));
}

base::Result<Outcome> Service::create_in(store::Transaction& tx, const Caller& caller,
                                         const model::Endpoint& wanted, base::Time now) const
{
    TRY(tenant, find_tenant(tx, wanted.tenant));
    TRY(existing, own_claim(tx, wanted, now));
    if (existing) {
        auto after = *existing;
        after.kind = wanted.kind;
        after.ip_filter = wanted.ip_filter;
        after.filter_at = wanted.filter_at;
        after.upstream = wanted.upstream;
        after.redirect = wanted.redirect;
        after.on_demand = false;
        after.key_types = wanted.key_types;
        after.ca_policy = wanted.ca_policy;
        after.profile = wanted.profile;
        CHECKED(check_ca_policy(tx, after));
        CHECKED(check_same_group(*existing, wanted));
        after.own_challenges = wanted.own_challenges;
        after.forwarding = wanted.forwarding;
        after.hsts = wanted.hsts;
        after.plain_http = wanted.plain_http;
        CHECKED(check_group(tx, after));
        CHECKED(check_own_challenges(caller, *existing, after));
        CHECKED(check_settings(caller, after, *existing));
        CHECKED(check_serving(caller, after, &*existing));
        return apply(tx, *existing, std::move(after), now);
    }
    auto endpoint = wanted;
    CHECKED(check_ca_policy(tx, endpoint));
    CHECKED(choose_group(caller, endpoint));
    CHECKED(check_own_challenges(caller, model::Endpoint(), endpoint));
    CHECKED(check_group(tx, endpoint));
    CHECKED(check_settings(caller, endpoint, model::Endpoint()));
    CHECKED(check_serving(caller, endpoint, nullptr));
    CHECKED(check_quota(tx, endpoint));
    Outcome outcome;
    CHECKED(add_records(tx, endpoint, outcome.warnings));
    CHECKED(tx.endpoints.insert(endpoint));
    CHECKED(publish(tx, endpoint));
    CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.created",
                                            fmt::format("{} was added.", endpoint.name().display()), now)));
    outcome.created = true;
    std::ranges::move(advice_on(endpoint), std::back_inserter(outcome.warnings));
    outcome.endpoint = std::move(endpoint);
    return outcome;
}

base::Task<Outcome> Service::update(Caller caller, std::string reference, EndpointChange change)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, change, now](store::Transaction& tx) -> base::Result<Outcome> {
        TRY(before, find_working(tx, caller, reference));
        auto after = before;
        after.kind = change.kind.value_or(before.kind);
        after.ip_filter = change.ip_filter.value_or(before.ip_filter);
        after.filter_at = change.filter_at.value_or(before.filter_at);
        CHECKED(take_answer(change, after));
        after.key_types = change.key_types.value_or(before.key_types);
        after.ca_policy = change.ca_policy.value_or(before.ca_policy);
        after.profile = change.profile.value_or(before.profile);
        if (change.ca_policy || change.profile || change.key_types) {
            CHECKED(check_ca_policy(tx, after));
        }
        after.own_challenges = change.own_challenges.value_or(before.own_challenges);
        after.forwarding = change.forwarding.of(before.forwarding);
        after.hsts = change.hsts.value_or(before.hsts);
        after.plain_http = change.plain_http.value_or(before.plain_http);
        CHECKED(check_own_challenges(caller, before, after));
        CHECKED(check_group(tx, after));
        CHECKED(check_settings(caller, after, before));
        CHECKED(check_serving(caller, after, &before));
        return apply(tx, before, std::move(after), now, change.preview);
    };
    co_return co_await store_.write(std::move(work));
}

base::Result<Outcome> Service::apply(store::Transaction& tx, model::Endpoint before, model::Endpoint after,
                                     base::Time now, bool preview) const
{
    Outcome outcome;
    const bool same = before.kind == after.kind && before.ip_filter == after.ip_filter &&
                      before.filter_at == after.filter_at && before.upstream == after.upstream &&
                      before.redirect == after.redirect && before.on_demand == after.on_demand &&
                      before.key_types == after.key_types && before.ca_policy == after.ca_policy &&
                      before.profile == after.profile && before.own_challenges == after.own_challenges &&
                      before.forwarding == after.forwarding && before.hsts == after.hsts &&
                      before.plain_http == after.plain_http;
    if (same) {
        outcome.endpoint = std::move(before);
        outcome.warnings = advice_on(outcome.endpoint);
        return outcome;
    }
    if (before.kind != after.kind) {
        require_routing(after);
    }
    if (preview) {
        outcome.changed = true;
        outcome.warnings = advice_on(after);
        outcome.endpoint = std::move(after);
        return outcome;
    }
    after.next_check_at = now;
    after.checks = 0;
    CHECKED(tx.endpoints.update(after));
    CHECKED(checks_.refresh_status(tx, after.id, now));
    CHECKED(publish(tx, after));
    CHECKED(tx.events.append(endpoint_event(after, "endpoint.updated",
                                            fmt::format("{} was changed.", after.name().display()), now)));
    TRY(stored, tx.endpoints.get(after.id));
    outcome.changed = true;
    outcome.warnings = advice_on(stored);
    outcome.endpoint = std::move(stored);
    return outcome;
}

base::Task<Detail> Service::get(Caller caller, std::string reference)
{
    auto work = [caller, reference](store::Transaction& tx) { return read_detail(tx, caller, reference); };
    co_return co_await store_.read(std::move(work));
}

base::Task<store::Page<model::Endpoint>> Service::list(Caller caller, Listing listing)
{
    store::EndpointFilter filter;
    filter.tenant = caller.is_operator() ? listing.tenant : caller.tenant;
    filter.state = listing.state;
    filter.text = listing.text;
    filter.redirects = listing.redirects;
    filter.after = listing.after;
    filter.limit = listing.limit;
    auto work = [filter](store::Transaction& tx) { return tx.endpoints.list(filter); };
    co_return co_await store_.read(std::move(work));
}

}  // namespace endpoints
