// Looks at the customer's DNS as a CA would, and says per record what is found and what is expected.
#pragma once

#include "base/clock.h"
#include "diagnosis/probe_options.h"
#include "dns/resolver.h"
#include "model/endpoint.h"

#include <string>
#include <vector>

namespace diagnosis {

// A CA account that may issue for the endpoint, as CAA records speak of it (RFC 8659, RFC 8657).
struct CaIdentity {
    std::string account;                      // its name here
    std::vector<std::string> caa_identities;  // empty: not known, and CAA sets are not judged
    std::string account_url;                  // for accounturi; empty: not judged
};

// What a check compares with.
struct CheckContext {
    std::vector<std::string> addresses;     // of the endpoint's edge group
    std::vector<CaIdentity> cas;            // of the endpoint's CA policy, best first
    std::string thumbprint;                 // of the account: what our responder answers with
    std::vector<std::string> certificates;  // SHA-256 of what may be served under the names
    bool serving = false;                   // the endpoint has a valid certificate of its own
    bool thorough = false;                  // a person waits: looks behind names that do not lead to us, too
    ProbeOptions probes;
};

struct DnsFindings {
    std::vector<model::RequiredRecord> records;  // the endpoint's, with status and found
    std::vector<model::Condition> conditions;    // by type; those that were not looked at are absent
};

// DNS first, then what answers behind the names.
boost::asio::awaitable<DnsFindings> check_endpoint(dns::Resolver& resolver, model::Endpoint endpoint,
                                                   CheckContext context, base::Time now);

// Looks every required record of `endpoint` up, fresh. Never fails: what cannot be looked up is `unknown`.
boost::asio::awaitable<DnsFindings> check_dns(dns::Resolver& resolver, model::Endpoint endpoint,
                                              CheckContext context, base::Time now);

// The condition of that type; unknown when the endpoint has none.
model::Condition condition_of(const std::vector<model::Condition>& conditions, std::string_view type);

// The challenges that are worth a try by these conditions, best first. What we saw fail ourselves comes last
// and is never left out: from behind a NAT something else may answer under our own address, and only what the
// CA sees counts. `lenient` (renewals of what was proved before) also takes what is unknown.
std::vector<model::ChallengeType> provable_challenges(const model::Endpoint& endpoint,
                                                      const std::vector<model::Condition>& conditions,
                                                      bool lenient);

// Those of them that nothing we saw speaks against.
std::vector<model::ChallengeType> sure_challenges(const model::Endpoint& endpoint,
                                                  const std::vector<model::Condition>& conditions,
                                                  bool lenient);

// Why nothing is sure to prove the endpoint; none when something is.
model::Problem blocking_problem(const model::Endpoint& endpoint,
                                const std::vector<model::Condition>& conditions);

}  // namespace diagnosis
