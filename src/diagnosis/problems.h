// The table of codes: every condition that people see has a sentence, who must act, and the fix.
#pragma once

#include "model/problem.h"

#include <string>
#include <string_view>
#include <vector>

namespace diagnosis {

// What the sentences speak of. Fields that a code does not use stay empty.
struct ProblemFacts {
    std::string name;      // the name concerned
    std::string host;      // relative to the registrable domain: what registrar forms want
    std::string expected;  // target, address or identity that should be there
    std::string found;     // what is there instead
    std::string detail;    // what the other side said
    std::string until;     // RFC 3339, or a link
};

// The problem for a code of the table; a code that is not there gives "internal_error" with the code in its
// detail.
model::Problem problem(std::string_view code, const ProblemFacts& facts);

// Every code, for documentation and tests.
std::vector<std::string_view> problem_codes();

// True for codes that describe the customer's DNS (routing, delegation, CAA): fixed there, seen by the DNS
// watch.
bool is_dns_problem(std::string_view code);

}  // namespace diagnosis
