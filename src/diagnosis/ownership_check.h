// Whose a name is, by what its DNS says. Internal to diagnosis/.
//
// Only what nobody could guess proves anything: the target of a CNAME, which is this endpoint's alone, or the
// TXT value. An address of ours at the name says nothing about who asks for it, and what "*.x" points at
// carries the target of the endpoint that its owner chose, never another one's.
#pragma once

#include "diagnosis/record_check.h"
#include "model/endpoint.h"

#include <string>

namespace diagnosis {

enum class Proof {
    none,
    cname,       // the name, or its _acme-challenge, leads to the endpoint's own target
    shared_txt,  // our TXT value, with another account's beside it
    txt,         // our TXT value alone: also takes a name over from another account
};

// The TXT record of a name: ok, wrong (only values of other accounts), conflict (both), missing or unknown.
boost::asio::awaitable<RecordVerdict> check_ownership(dns::Resolver& resolver, model::RequiredRecord record);

// `seen` of a routing record that is right, with the end of the CNAME chain in `found` when that is what the
// record asks for.
boost::asio::awaitable<RecordVerdict> follow_chain(dns::Resolver& resolver, model::RequiredRecord record,
                                                   RecordVerdict seen);

// What the last look at the endpoint's records proves about `name`, the best proof there is.
Proof proof_of(const model::Endpoint& endpoint, const model::DomainName& name);

// The record that would prove `name` by TXT; null for endpoints that were made without one.
const model::RequiredRecord* ownership_record(const model::Endpoint& endpoint, const model::DomainName& name);

}  // namespace diagnosis
