// Problem documents (RFC 9457): the one place where a failure becomes what a client sees. Internal to api/.
#pragma once

#include "api/call.h"

namespace api {

struct FieldProblem {
    std::string pointer;  // JSON pointer (RFC 6901), or the name of a query parameter
    std::string detail;
};

// What is not in the table of codes is told by its kind; what is our own fault gets an id that is also in the
// log, and its text stays there.
Answer problem(const base::Error& error);
Answer problem(const std::vector<FieldProblem>& fields, std::string code);

}  // namespace api
