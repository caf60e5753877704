#include "diagnosis/problems.h"

#include <algorithm>
#include <array>

namespace diagnosis {

namespace {

using model::Actor;

struct Row {
    std::string_view code;
    Actor actor;
    std::string_view text;
    std::string_view fix;
};

constexpr std::array rows{
    Row{"dns_not_found", Actor::customer, "{name} does not exist in DNS yet.",
        "Create the record: {host} CNAME {expected}"},
    Row{"dns_wrong_target", Actor::customer, "{name} leads to {found} instead of {expected}.",
        "Replace that record with: {host} CNAME {expected}"},
    Row{"dns_conflict_aaaa", Actor::customer,
        "{name} has the IPv6 address {found}, which is not ours; certificate authorities try IPv6 first.",
        "Delete the AAAA record {found}, or set it to {expected}"},
    Row{"dns_conflict_extra_a", Actor::customer,
        "{name} has {found} beside our address; part of its traffic goes elsewhere.",
        "Delete the record {found}"},
    Row{"dns_cname_at_apex", Actor::customer,
        "{name} is the top of its zone, where a CNAME breaks its other records.",
        "Use your DNS provider's ALIAS, ANAME or flattened CNAME to {expected}, or A/AAAA records with our "
        "addresses"},
    Row{"dns_name_duplicated", Actor::customer,
        "The record was created as {found}: the domain is in it twice.",
        "In the name field enter only: {host}"},
    Row{"dns_value_has_scheme", Actor::customer,
        "The record of {name} holds a web address ({found}), not a host name.",
        "Enter the bare value: {expected}"},
    Row{"dns_several_values", Actor::customer,
        "{name} has several CNAME records ({found}); only one may exist.",
        "Keep only: {host} CNAME {expected}"},
    Row{"dns_servfail", Actor::customer, "The name servers of {name} fail to answer. {detail}",
        "Check the name servers of the domain with your DNS provider"},
    Row{"dns_lookup_failed", Actor::none, "{name} could not be looked up from here. {detail}", ""},
    Row{"dns_inconsistent", Actor::customer,
        "Not every name server of {name} gives the same answer. {detail}",
        "Wait until the change has reached all name servers, or repair the secondary servers"},
    Row{"dns_lame_server", Actor::customer, "One of the name servers of {name} fails: {detail}.",
        "Repair that server, or take it out of the domain's NS records"},
    Row{"dns_proxied", Actor::customer,
        "{name} is behind the proxies of {detail}; we see theirs, not it, at {found}.",
        "Switch the proxy off for {host} (\"DNS only\"); or keep it and create the _acme-challenge record, "
        "which is "
        "enough for the certificate"},
    Row{"dns_nxdomain_registration", Actor::customer,
        "The domain {found} does not exist: not registered, or expired.",
        "Register or renew {found} at a registrar"},
    Row{"dnssec_bogus", Actor::customer, "The DNSSEC signatures of {name} do not verify. {detail}",
        "Repair the signatures, or remove the DS record at the registrar"},
    Row{"delegation_missing", Actor::customer, "The record {name} is not there yet.",
        "Create the record: {host} CNAME {expected}"},
    Row{"delegation_wrong", Actor::customer, "{name} leads to {found} instead of {expected}.",
        "Replace that record with: {host} CNAME {expected}"},
    Row{"delegation_txt_present", Actor::customer,
        "{name} holds a TXT record; a CNAME cannot stand beside it.",
        "Delete the TXT record, then create: {host} CNAME {expected}"},
    Row{"delegation_other_provider", Actor::customer,
        "{name} is delegated to another certificate service ({found}).",
        "Replace that record with: {host} CNAME {expected}; or leave it and let {name} be proved over HTTP"},
    Row{"ownership_missing", Actor::customer, "DNS does not say yet that {name} is yours.",
        "Create the record: {host} TXT {expected}{detail}"},
    Row{"ownership_mismatch", Actor::customer,
        "The TXT record of {name} says that the name belongs to another account ({found}).",
        "Delete that value, and create: {host} TXT {expected}"},
    Row{"name_in_use", Actor::customer, "{name} is used by another account here.",
        "If the name is yours, create {host} TXT {expected}: then it moves to this account"},
    Row{"name_in_use_here", Actor::platform, "{name} is held by another endpoint here.",
        "Remove one of the two, or transfer the endpoint that has the name"},
    Row{"caa_forbidden", Actor::customer,
        "The CAA records at {found} let only {detail} issue for {name}, not our certificate authority.",
        "Add a CAA record at {found}: 0 {host} \"{expected}\"; or delete the CAA records there"},
    Row{"caa_method_forbidden", Actor::customer,
        "The CAA records at {found} allow our certificate authority only the validation methods {detail}, by "
        "which {name} cannot be proved here.",
        "Allow one of these in validationmethods at {found}: {expected}"},
    Row{"caa_only_http_01", Actor::none,
        "The CAA records at {found} allow only {detail}, so {name} is proved by http-01.", ""},
    Row{"caa_only_dns_01", Actor::none,
        "The CAA records at {found} allow only {detail}, so {name} is proved by dns-01.", ""},
    Row{"caa_only_tls_alpn_01", Actor::none,
        "The CAA records at {found} allow only {detail}, so {name} is proved by tls-alpn-01.", ""},
    Row{"caa_critical_unknown", Actor::customer,
        "A CAA record at {found} has the critical property {detail}, which certificate authorities do not "
        "know: "
        "none may issue for {name}.",
        "Delete that record at {found}, or its critical flag"},
    Row{"caa_lookup_failed", Actor::customer,
        "The CAA records of {name} cannot be looked up at {found}. {detail}",
        "Ask your DNS provider why CAA queries fail, or add a CAA record"},
    Row{"caa_accounturi_mismatch", Actor::customer,
        "The CAA record at {found} names another account than ours: {detail}.",
        "Set its accounturi to {expected}"},
    Row{"http_unreachable", Actor::platform, "{name} cannot be reached on port 80. {detail}",
        "Open TCP port 80 towards the Internet, for IPv4 and IPv6"},
    Row{"http_wrong_response", Actor::platform, "Something else answers the challenge for {name}. {detail}",
        "Send /.well-known/acme-challenge/ of this name to certwright"},
    Row{"http_redirect_loop", Actor::platform,
        "The challenge path of {name} is redirected in a circle, or more than ten times ({found}).",
        "Exempt /.well-known/acme-challenge/ from redirects"},
    Row{"http_redirect_bad_port", Actor::platform,
        "The challenge path of {name} is redirected to where certificate authorities do not follow: {found}.",
        "Exempt /.well-known/acme-challenge/ from redirects, or redirect it to port 80 or 443 of a public "
        "name"},
    Row{"served_cert_mismatch", Actor::platform,
        "Visitors of {name} get another certificate than ours, from {found} ({detail}).",
        "Find the server that answers at {found} and send its traffic to certwright, or take {found} out of "
        "DNS"},
    Row{"origin_unreachable", Actor::platform,
        "The certificate of {name} works, but the server behind it does not answer. {detail}",
        "Start the upstream server, or correct it: certwright endpoint update {name} --to URL"},
    Row{"moved_away", Actor::customer, "{name} has not led to us since {until}: {detail}",
        "Point {name} back with: {host} {expected}; or remove it: certwright endpoint remove {name}"},
    Row{"http_filtered", Actor::platform, "The challenge for {name} is refused by a filter. {detail}",
        "Exempt /.well-known/acme-challenge/ from filters and sign-in, for IPv4 and IPv6"},
    Row{"tls_unreachable", Actor::platform,
        "The certificate authority could not connect to {name} on port 443. {detail}",
        "Open TCP port 443 or port 80 towards the Internet, for IPv4 and IPv6"},
    Row{"tls_wrong_response", Actor::platform,
        "Something else answered the TLS challenge for {name}. {detail}",
        "Pass TLS for this name through to certwright, or open port 80"},
    Row{"mpic_disagree", Actor::customer,
        "Some of the certificate authority's vantage points see {name} differently. {detail}",
        "Remove geographic blocking and geographic DNS differences for {name}"},
    Row{"challenge_not_seen", Actor::platform,
        "The certificate authority did not find our answer for {name}. {detail}",
        "Check that our name servers are reachable on port 53, UDP and TCP"},
    Row{"ca_rate_limited", Actor::none,
        "A limit of the certificate authority is reached until {until}. {detail}", ""},
    Row{"ca_paused", Actor::platform,
        "The certificate authority has paused these names after many failures. {detail}",
        "Open the link in this message to resume, then: certwright endpoint retry NAME"},
    Row{"ca_rejected_identifier", Actor::platform, "The certificate authority refuses {name}. {detail}",
        "Use another certificate authority for this name (certwright endpoint update {name} --ca NAME), or "
        "ask this one"},
    Row{"ca_unavailable", Actor::ca, "The certificate authority is failing or cannot be reached. {detail}",
        ""},
    Row{"ca_account_invalid", Actor::platform,
        "The certificate authority does not accept our account. {detail}",
        "Look at it: certwright ca list. Then register it again: certwright ca register NAME"},
    Row{"ca_refused", Actor::platform, "The certificate authority refused the request. {detail}",
        "Mend what its message names, then: certwright endpoint retry {name}"},
    Row{"certificate_expired", Actor::platform, "The certificate of {name} expired at {until}.",
        "See why there is no new one: certwright doctor {name}"},
    Row{"deploy_partial", Actor::none, "The certificate is not live on every edge yet. {detail}", ""},
    Row{"renewal_failing", Actor::platform,
        "The certificate is valid until {until}, but renewing it fails: {detail}", ""},
    Row{"suspended", Actor::platform, "{name} is suspended by the operator.",
        "The operator ends that with: certwright endpoint resume {name}"},
    Row{"superseded", Actor::none, "The names of this order are no longer wanted.", ""},
    Row{"internal_error", Actor::platform, "certwright itself failed. {detail}",
        "Look at the log of the control node"},
};

std::string filled(std::string_view form, const ProblemFacts& facts)
{
    const std::array<std::pair<std::string_view, const std::string*>, 6> values{
        {{"{name}", &facts.name},
         {"{host}", &facts.host},
         {"{expected}", &facts.expected},
         {"{found}", &facts.found},
         {"{detail}", &facts.detail},
         {"{until}", &facts.until}}};
    std::string text;
    while (!form.empty()) {
        const auto hit =
            std::ranges::find_if(values, [&](const auto& value) { return form.starts_with(value.first); });
        if (hit != values.end()) {
            text += *hit->second;
            form.remove_prefix(hit->first.size());
        } else {
            text += form.front();
            form.remove_prefix(1);
        }
    }
    while (text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

model::Problem problem(std::string_view code, const ProblemFacts& facts)
{
    const auto row = std::ranges::find(rows, code, &Row::code);
    if (row == rows.end()) {
        ProblemFacts unknown = facts;
        unknown.detail = std::string(code) + ": " + facts.detail;
        return problem("internal_error", unknown);
    }
    model::Problem made;
    made.code = row->code;
    made.message = filled(row->text, facts);
    made.actor = row->actor;
    made.fix = filled(row->fix, facts);
    return made;
}

std::vector<std::string_view> problem_codes()
{
    std::vector<std::string_view> codes;
    for (const auto& row : rows) {
        codes.push_back(row.code);
    }
    return codes;
}

bool is_dns_problem(std::string_view code)
{
    return code.starts_with("ownership_") || code.starts_with("name_in_use") || code.starts_with("dns") ||
           code.starts_with("delegation_") || code.starts_with("caa_");
}

}  // namespace diagnosis
