// The limits of a CA that certwright counts for itself (ca-facts part 1).
#pragma once

#include "model/domain_name.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace issuance {

enum class LimitKind { new_orders, registered_domain, exact_set, failed_validations };

struct Limit {
    LimitKind kind;
    double capacity;
    std::chrono::milliseconds period;  // in which an empty bucket fills up
};

// Limits by CA: Let's Encrypt's published numbers for its two environments; none for others, where only what
// the CA answers (429, Retry-After) holds orders back.
const std::vector<Limit>& limits_of(std::string_view directory_url);

// Keys of buckets. The account is part of each: numbers are known per account, and overridden per account.
std::string new_orders_key(const std::string& account);
std::string domain_key(const std::string& account, const std::string& domain);
std::string exact_set_key(const std::string& account, std::vector<std::string> identifiers);
std::string failures_key(const std::string& account, const std::string& identifier);
// Whatever the CA blocked without saying which limit it was.
std::string anything_key(const std::string& account);

// The registered domains of `identifiers`, each once; an address counts as itself.
std::vector<std::string> registered_domains(const std::vector<std::string>& identifiers);

}  // namespace issuance
