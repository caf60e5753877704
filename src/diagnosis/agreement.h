// Whether the name servers of a zone agree about a record. Internal to diagnosis/.
#pragma once

#include "diagnosis/authorities.h"
#include "diagnosis/record_check.h"

#include <optional>
#include <string>
#include <vector>

namespace diagnosis {

struct Agreement {
    std::vector<std::string> right;    // servers whose answer is as it should be
    std::vector<std::string> wrong;    // servers that answer properly, but something else
    std::vector<std::string> failing;  // with what is wrong: "ns2.example.com (192.0.2.2) says REFUSED"

    bool all_right() const { return !right.empty() && wrong.empty(); }
    bool differ() const { return !right.empty() && !wrong.empty(); }
};

// Pure. Silence counts as a failure only where another server answered over the same family: otherwise it may
// be our own network that cannot reach it.
template <class F>
Agreement agreement_of(const std::vector<ServerAnswer>& answers, F is_right);

// What the servers say of a record that a resolver judged as `verdict`: that they differ, or that one of them
// fails, is told; that all have it already outweighs a resolver that does not see it yet.
void judge_agreement(const Agreement& agreement, const ProblemFacts& facts, RecordVerdict& verdict);

// When a server has more than one CNAME for `name`. Resolvers take the first and hide the others.
std::optional<RecordVerdict> several_targets(const std::vector<ServerAnswer>& answers,
                                             const std::string& name, ProblemFacts facts);

// Answers of `name` itself, without what a CNAME leads to.
std::vector<std::string> own_records(const dns::Message& reply, const std::string& name,
                                     dns::RecordType type);

void sort_failures(const std::vector<ServerAnswer>& answers, Agreement& agreement);

template <class F>
Agreement agreement_of(const std::vector<ServerAnswer>& answers, F is_right)
{
    Agreement made;
    for (const auto& each : answers) {
        if (failure_of(each).empty()) {
            (is_right(*each.reply) ? made.right : made.wrong).push_back(to_text(each.server));
        }
    }
    sort_failures(answers, made);
    return made;
}

}  // namespace diagnosis
