// ACME resources as a CA sends them (RFC 8555 7.1), parsed leniently: unknown members and challenge types are
// kept or ignored, never an error.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace acme {

struct Identifier {
    std::string type;  // "dns" or "ip"
    std::string value;
    bool operator==(const Identifier&) const = default;
};

// A problem document (RFC 8555 6.7), without the URN prefix.
struct Problem {
    std::string type;  // "rateLimited", "dns", "unauthorized", ...; empty: none
    std::string detail;
    int status = 0;
    std::string instance;  // where a person must go (terms, unpausing)
    struct Sub {
        Identifier identifier;
        std::string type;
        std::string detail;
    };
    std::vector<Sub> subproblems;

    bool none() const { return type.empty() && detail.empty(); }
};

struct Directory {
    std::string new_nonce, new_account, new_order, revoke_cert, key_change;
    std::string renewal_info;  // empty: the CA has no ARI
    std::string terms_of_service;
    std::string website;
    std::vector<std::string> caa_identities;
    bool external_account_required = false;
    std::map<std::string, std::string> profiles;  // name -> description
};

struct Account {
    std::string url;
    std::string status;  // valid, deactivated, revoked
    std::string orders_url;
    bool created = false;  // by this very call
};

struct Challenge {
    std::string type;  // "http-01", "dns-01", ... or one we do not know
    std::string url;
    std::string token;  // empty where the type has none
    std::string status;
    Problem problem;
};

struct Authorization {
    std::string url;
    Identifier identifier;
    bool wildcard = false;
    std::string status;  // pending, valid, invalid, deactivated, expired, revoked
    std::vector<Challenge> challenges;
    std::optional<std::chrono::seconds> retry_after;

    // The challenge of that type; null when the CA does not offer it.
    const Challenge* find(const std::string& type) const;
};

struct OrderResource {
    std::string url;
    std::string status;  // pending, ready, processing, valid, invalid
    std::vector<Identifier> identifiers;
    std::vector<std::string> authorizations;
    std::string finalize;
    std::string certificate;
    std::string profile;
    std::string replaces;
    Problem problem;
    std::optional<std::chrono::seconds> retry_after;
};

// An issued chain, and what other chains the CA offers (Link rel="alternate").
struct IssuedChain {
    std::string pem;
    std::vector<std::string> alternates;
};

// RFC 9773.
struct RenewalInfo {
    base::Time start{};
    base::Time end{};
    std::string explanation_url;
    std::chrono::seconds retry_after{0};
};

// The value that HTTP-01 serves: token "." thumbprint (RFC 8555 8.1), and what DNS-01 publishes of it (8.4).
std::string key_authorization(const std::string& token, const std::string& thumbprint);
std::string dns_01_value(const std::string& key_authorization);

}  // namespace acme
