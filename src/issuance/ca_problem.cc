#include "issuance/ca_problem.h"

#include "diagnosis/problems.h"

namespace issuance {

namespace {

using model::ChallengeType;

// Names of ACME errors (RFC 8555 6.7) in our codes; what was not found depends on where the CA looked.
std::string_view code_of(std::string_view type, const std::string& detail,
                         std::optional<ChallengeType> challenge)
{
    const bool by_dns = challenge == ChallengeType::dns_01;
    const bool by_tls = challenge == ChallengeType::tls_alpn_01;
    if (detail.contains("econdary validation")) {
        return "mpic_disagree";
    }
    if (type == "caa") {
        return "caa_forbidden";
    }
    if (type == "rejectedIdentifier" || type == "unsupportedIdentifier") {
        return "ca_rejected_identifier";
    }
    if (type == "rateLimited") {
        return "ca_rate_limited";
    }
    // The last four are our client's words for a CA that is out of order, or for what stands before it.
    if (type == "serverInternal" || type == "serverBusy" || type == "badNonce" || type == "badAnswer" ||
        type == "badChain" || type == "gateway") {
        return "ca_unavailable";
    }
    if (type == "accountDoesNotExist" || type == "userActionRequired" || type == "externalAccountRequired") {
        return "ca_account_invalid";
    }
    if (type == "dns") {
        return detail.contains("NXDOMAIN") ? (by_dns ? "challenge_not_seen" : "dns_not_found")
                                           : "dns_servfail";
    }
    if (type == "connection") {
        return by_tls ? "tls_unreachable" : "http_unreachable";
    }
    if (type == "unauthorized" || type == "incorrectResponse" || type == "tls") {
        if (by_dns) {
            return "challenge_not_seen";
        }
        if (by_tls) {
            return "tls_wrong_response";
        }
        return detail.contains("403") ? "http_filtered" : "http_wrong_response";
    }
    return "ca_refused";
}

std::string account_fix(const base::Error& error)
{
    if (error.code() == "acme:accountDoesNotExist") {
        return "Register it again with the same key: certwright ca register NAME (names: certwright ca list)";
    }
    if (error.code() == "acme:userActionRequired") {
        return error.fix() + " Then: certwright ca register NAME";
    }
    if (error.code() == "acme:externalAccountRequired") {
        return "Get a key id and an HMAC key from the CA's web site, then: certwright ca add NAME "
               "--directory URL "
               "--eab-kid ID --eab-key KEY";
    }
    return "Make a new account (certwright ca add), make it the default, and deactivate this one";
}

}  // namespace

model::Problem problem_of(const acme::Problem& said, const std::string& name,
                          std::optional<model::ChallengeType> challenge)
{
    std::string_view type = said.type;
    diagnosis::ProblemFacts facts;
    facts.name = name;
    facts.found = name;
    facts.detail = said.detail;
    if (!said.subproblems.empty()) {
        type = said.subproblems.front().type;
        facts.name = said.subproblems.front().identifier.value;
        facts.detail = said.subproblems.front().detail;
    }
    return diagnosis::problem(code_of(type, facts.detail, challenge), facts);
}

model::Problem problem_of(const base::Error& error, const std::string& name, base::Time now)
{
    diagnosis::ProblemFacts facts;
    facts.name = name;
    facts.found = name;
    facts.detail = error.message();
    if (error.retry_after()) {
        facts.until = base::to_rfc3339(now + *error.retry_after());
    }
    if (is_paused(error)) {
        return diagnosis::problem("ca_paused", facts);
    }
    if (is_about_account(error)) {
        auto problem = diagnosis::problem("ca_account_invalid", facts);
        problem.fix = account_fix(error);
        return problem;
    }
    // Of a request it means that the account may not, not that a proof was wrong.
    if (error.code() == "acme:unauthorized") {
        return diagnosis::problem("ca_refused", facts);
    }
    if (error.code().starts_with("acme:")) {
        return diagnosis::problem(code_of(error.code().substr(5), error.message(), std::nullopt), facts);
    }
    switch (error.kind()) {
        case base::Errc::rate_limited:
            return diagnosis::problem("ca_rate_limited", facts);
        case base::Errc::unavailable:
        case base::Errc::timeout:
            return diagnosis::problem(
                error.code() == "dns_propagation" ? "challenge_not_seen" : "ca_unavailable", facts);
        case base::Errc::internal:
            return diagnosis::problem("internal_error", facts);
        case base::Errc::invalid:
        case base::Errc::not_found:
        case base::Errc::conflict:
        case base::Errc::unauthorized:
            break;
    }
    return diagnosis::problem("ca_refused", facts);
}

bool is_paused(const base::Error& error)
{
    return error.code() == "acme:paused";
}

bool is_about_account(const base::Error& error)
{
    const auto& code = error.code();
    const auto& said = error.message();
    const bool closed = code == "acme:unauthorized" && said.contains("ccount") &&
                        (said.contains("deactivated") || said.contains("revoked"));
    return closed || code == "acme:accountDoesNotExist" || code == "acme:userActionRequired" ||
           code == "acme:externalAccountRequired";
}

bool is_busy(const base::Error& error)
{
    return error.code() == "acme:serverBusy";
}

bool is_proof_problem(std::string_view code)
{
    return code.starts_with("http_") || code.starts_with("tls_") || code == "challenge_not_seen" ||
           code == "mpic_disagree" || code == "dns_servfail" || code == "dns_not_found";
}

}  // namespace issuance
