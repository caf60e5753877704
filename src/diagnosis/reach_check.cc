#include "diagnosis/reach_check.h"

#include "base/random.h"
#include "crypto/certificate.h"
#include "diagnosis/http_probe.h"
#include "diagnosis/problems.h"
#include "diagnosis/tls_probe.h"

#include <fmt/format.h>

#include <algorithm>

namespace diagnosis {

namespace {

using model::Condition;
using model::ConditionStatus;
using Kind = HttpOutcome::Kind;

struct Verdict {
    ConditionStatus status = ConditionStatus::unknown;
    model::Problem problem;
};

Verdict bad(std::string_view code, ProblemFacts facts)
{
    return {ConditionStatus::no, problem(code, facts)};
}

bool is_ours(const std::string& address, const std::vector<std::string>& ours)
{
    return std::ranges::find(ours, address) != ours.end();
}

// Our own addresses may be out of reach from here alone (NAT without hairpin, no IPv6): that says nothing of
// the Internet.
Verdict judge_unreachable(const HttpOutcome& outcome, const std::vector<std::string>& ours,
                          ProblemFacts facts)
{
    facts.detail = outcome.detail;
    Verdict made = bad("http_unreachable", facts);
    const bool no_way_out = outcome.detail.contains("unreachable") && outcome.server.contains(':');
    if (is_ours(outcome.server, ours) || no_way_out) {
        made.status = ConditionStatus::unknown;
    } else {
        made.problem.actor = model::Actor::customer;
    }
    return made;
}

Verdict judge_answer(const HttpOutcome& outcome, const std::string& expected, ProblemFacts facts)
{
    std::string body = outcome.body;
    while (body.ends_with('\n') || body.ends_with('\r') || body.ends_with(' ')) {
        body.pop_back();
    }
    if (outcome.status == 200 && body == expected) {
        return {ConditionStatus::yes, {}};
    }
    facts.detail = fmt::format("{}{} says {} \"{}\"", outcome.server,
                               outcome.redirects > 0 ? ", after a redirect to " + outcome.detail + "," : "",
                               outcome.status, excerpt(outcome.body));
    const bool filtered = outcome.status == 401 || outcome.status == 403 || outcome.status == 407;
    return bad(filtered ? "http_filtered" : "http_wrong_response", facts);
}

Verdict judge_http(const HttpOutcome& outcome, const std::string& expected, const CheckContext& context,
                   const ProblemFacts& facts)
{
    ProblemFacts told = facts;
    told.found = outcome.detail;
    switch (outcome.kind) {
        case Kind::answered:
            return judge_answer(outcome, expected, facts);
        case Kind::unreachable:
            return judge_unreachable(outcome, context.addresses, facts);
        case Kind::redirect_loop:
            return bad("http_redirect_loop", told);
        case Kind::redirect_refused:
            return bad("http_redirect_bad_port", told);
        case Kind::forbidden:
        case Kind::no_address:
            break;
    }
    return {};
}

Verdict judge_tls(const TlsOutcome& outcome, const CheckContext& context, ProblemFacts facts)
{
    if (outcome.leaf.empty()) {
        return {};
    }
    const auto chain = crypto::parse_chain(crypto::to_pem({outcome.leaf}));
    if (!chain || std::ranges::find(context.certificates, chain->leaf.sha256) != context.certificates.end()) {
        return {ConditionStatus::yes, {}};
    }
    facts.found = outcome.server;
    facts.detail = fmt::format("issuer {}, serial {}", chain->leaf.issuer, chain->leaf.serial);
    return {ConditionStatus::no, problem("served_cert_mismatch", facts)};
}

Condition make_condition(std::string type, Verdict verdict, base::Time now)
{
    Condition made;
    made.type = std::move(type);
    made.status = verdict.status;
    made.problem = std::move(verdict.problem);
    made.observed_at = now;
    return made;
}

Verdict judge_origin(const TlsOutcome& outcome, ProblemFacts facts)
{
    if (outcome.status == 0) {
        return {};
    }
    if (outcome.status != 502 && outcome.status != 504) {
        return {ConditionStatus::yes, {}};
    }
    facts.detail = fmt::format("{}: {}", outcome.status, excerpt(outcome.body));
    return {ConditionStatus::no, problem("origin_unreachable", facts)};
}

// The worse of both; HTTP comes first, because proofs depend on it.
Verdict joined(Verdict http, Verdict tls)
{
    if (http.status == ConditionStatus::no || tls.status == ConditionStatus::unknown) {
        return http;
    }
    if (tls.status == ConditionStatus::no) {
        return tls;
    }
    return http.status == ConditionStatus::unknown && !http.problem.none() ? http : tls;
}

ProblemFacts facts_for(const std::string& name)
{
    ProblemFacts facts;
    facts.name = name;
    return facts;
}

// A token that nobody has asked for: our responder answers any for a name of ours.
boost::asio::awaitable<Verdict> probe_http(dns::Resolver& resolver, std::string name, CheckContext context)
{
    if (context.probes.http_port == 0 || context.thumbprint.empty()) {
        co_return Verdict();
    }
    const auto token = "check-" + base::random_label(26);
    auto outcome =
        co_await fetch_as_ca(resolver, name, "/.well-known/acme-challenge/" + token, context.probes);
    const auto expected = token + "." + context.thumbprint;
    co_return judge_http(outcome, expected, context, facts_for(name));
}

}  // namespace

boost::asio::awaitable<std::vector<Condition>> check_reach(dns::Resolver& resolver, model::Endpoint endpoint,
                                                           CheckContext context, const DnsFindings& dns,
                                                           base::Time now)
{
    std::vector<Condition> made;
    const auto routing = condition_of(dns.conditions, "DnsRouting").status;
    const bool external = endpoint.kind == model::EndpointKind::external;
    // Who has not moved in yet is not visited each minute.
    // A network that filters in front of us filters us, too: that is as it should be.
    const bool shut = endpoint.filtered() && endpoint.filter_at == model::FilterAt::network;
    const bool look = external && !shut && (routing == ConditionStatus::yes || context.thorough);
    if (!look) {
        co_return made;
    }
    Verdict reach;
    Verdict origin;
    bool first = true;
    for (const auto& each : endpoint.names) {
        const std::string name(each.base());
        if (each.wildcard()) {
            continue;
        }
        auto http = co_await probe_http(resolver, name, context);
        TlsOutcome served;
        if (context.probes.https_port != 0 && context.serving) {
            served = co_await probe_tls(resolver, name, context.probes);
        }
        auto both = joined(std::move(http), judge_tls(served, context, facts_for(name)));
        if (first || both.status == ConditionStatus::no) {
            reach = std::move(both);
        }
        if (first && endpoint.ip_filter.empty() &&
            judge_tls(served, context, {}).status == ConditionStatus::yes) {
            origin = judge_origin(served, facts_for(name));
        }
        first = false;
        if (reach.status == ConditionStatus::no) {
            break;
        }
    }
    if (!first && (reach.status != ConditionStatus::unknown || !reach.problem.none())) {
        made.push_back(make_condition("Reachable", std::move(reach), now));
    }
    if (origin.status != ConditionStatus::unknown) {
        made.push_back(make_condition("Origin", std::move(origin), now));
    }
    co_return made;
}

}  // namespace diagnosis
