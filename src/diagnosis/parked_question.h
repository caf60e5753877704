// What to ask DNS about a parked endpoint: the fewest questions whose answers change when it is mended. Pure.
#pragma once

#include "dns/message.h"
#include "model/endpoint.h"

#include <set>
#include <string>
#include <vector>

namespace diagnosis {

struct ParkedQuestion {
    std::string name;  // of a wildcard any name below it
    dns::RecordType type = dns::RecordType::a;
    // What a name server says as long as nothing has changed: "CNAME old.example.net". None: the first
    // answer.
    std::optional<std::set<std::string>> usual;
    bool operator==(const ParkedQuestion&) const = default;
};

// One for each record that is not right, but one for all addresses of a name; for CAA, one at each level that
// the climb passes. Empty when its trouble does not lie in DNS.
std::vector<ParkedQuestion> parked_questions(const model::Endpoint& endpoint);

// The same form of a server's answer. That it fails, or refers to other servers, is an answer too.
std::set<std::string> said(const dns::Message& reply, const ParkedQuestion& question);

}  // namespace diagnosis
