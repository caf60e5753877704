// The check of one required record. Internal to diagnosis/.
#pragma once

#include "diagnosis/authorities.h"
#include "diagnosis/dns_check.h"
#include "diagnosis/problems.h"
#include "dns/resolver.h"
#include "model/endpoint.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diagnosis {

struct RecordVerdict {
    model::RecordStatus status = model::RecordStatus::unknown;
    std::vector<std::string> found;
    model::Problem problem;  // none when ok; advice is possible beside ok
};

// What the texts of problems say of a record.
ProblemFacts facts_of(const model::RequiredRecord& record);
RecordVerdict verdict(model::RecordStatus status, std::string_view code, const ProblemFacts& facts);

// `record` of a name; `addresses` of the edge group. The verdict of what the name's A, AAAA and CNAME say.
boost::asio::awaitable<RecordVerdict> check_routing(dns::Resolver& resolver, Authorities& authorities,
                                                    model::RequiredRecord record,
                                                    std::vector<std::string> addresses);
boost::asio::awaitable<RecordVerdict> check_delegation(dns::Resolver& resolver, Authorities& authorities,
                                                       model::RequiredRecord record);

// SERVFAIL for `name`: its name servers' fault, or is DNS itself out of our reach (a network without port 53
// to the outside)? Asked by the top-level domain.
boost::asio::awaitable<bool> dns_is_reachable(dns::Resolver& resolver, std::string name);

// CAA for `name` (maybe a wildcard), climbing to the top-level domain (RFC 8659 section 3).
struct CaaQuestion {
    std::string name;  // without "*."
    bool wildcard = false;
    std::vector<CaIdentity> cas;                // best first; it is enough that one of them may issue
    std::vector<model::ChallengeType> methods;  // that we would use, best first; empty: not judged
};
struct CaaVerdict {
    model::ConditionStatus status = model::ConditionStatus::unknown;
    model::Problem problem;
};
boost::asio::awaitable<CaaVerdict> check_caa(dns::Resolver& resolver, CaaQuestion question);

// The code of the advice that CAA leaves only this method.
std::string caa_only(model::ChallengeType type);

// One CAA set (presentation form, e.g. `0 issue "letsencrypt.org"`), found at `at`. Pure.
CaaVerdict judge_caa(const std::vector<std::string>& set, const std::string& at, const CaaQuestion& question);

}  // namespace diagnosis
