// The limits of a CA that certwright counts for itself (ca-facts part 1), and the names of the buckets that
// they are counted in.
#pragma once

#include "base/result.h"
#include "model/domain_name.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace issuance {

enum class LimitKind {
    new_orders,            // of an account
    registered_domain,     // certificates under one, of all accounts at the CA
    exact_set,             // certificates for the same names, of all accounts at the CA
    failed_validations,    // of a name, by an account
    consecutive_failures,  // the same without a success in between: the CA pauses the name
    registrations,         // new accounts from our address
    learned,               // what a CA without published numbers has shown that it stands
    anything,              // what the CA blocked without saying which limit it was
};

std::string_view to_string(LimitKind value);
base::Result<LimitKind> limit_kind_from(std::string_view text);

struct Limit {
    LimitKind kind;
    double capacity;
    std::chrono::milliseconds period;  // in which an empty bucket fills up
};

// Limits by CA: Let's Encrypt's published numbers for its two environments; none for others, where what the
// CA answers (429, 503, Retry-After) holds orders back, and what the operator has set.
const std::vector<Limit>& limits_of(std::string_view directory_url);

// The host of a directory's URL: what accounts at one CA have in common.
std::string ca_of(std::string_view directory_url);

// Counted for all accounts at a CA together, unless the operator has a number for the account alone.
bool is_shared(LimitKind kind);
// Counted when the CA takes the request; the others when a certificate is issued or a validation fails.
bool is_counted_at_once(std::string_view limit);
// What an operator may have another number for.
bool can_override(LimitKind kind);
// Whether each bucket of the limit is about a domain, a name or a set of names.
bool has_subjects(LimitKind kind);

struct BucketKey {
    BucketKey(std::string o, LimitKind k, std::string s = "")
        : owner(std::move(o)), kind(k), subject(std::move(s))
    {
    }
    std::string owner;  // an account, or ca_of() the directory
    LimitKind kind;
    std::string subject;

    std::string text() const;
};

// The registered domains of `identifiers`, each once; an address counts as itself.
std::vector<std::string> registered_domains(const std::vector<std::string>& identifiers);
// Stands for a set of names, whatever their order: the name itself when it is one.
std::string set_subject(std::vector<std::string> identifiers);

}  // namespace issuance
