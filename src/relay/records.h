// What the server remembers (RFC 8555 7.1). Times are milliseconds since the epoch; 0: never.
#pragma once

#include "relay/problem.h"

#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace relay {

BOOST_DEFINE_ENUM_CLASS(AccountStatus, valid, deactivated, revoked)
BOOST_DEFINE_ENUM_CLASS(OrderStatus, pending, ready, processing, valid, invalid)
BOOST_DEFINE_ENUM_CLASS(AuthorizationStatus, pending, valid, invalid, deactivated, expired, revoked)
BOOST_DEFINE_ENUM_CLASS(ChallengeStatus, pending, processing, valid, invalid)

template <class E>
std::string status_text(E status)
{
    return boost::describe::enum_to_string(status, "");
}

struct Account {
    std::string id;
    std::string jwk;  // canonical
    std::string thumbprint;
    AccountStatus status = AccountStatus::valid;
    std::vector<std::string> contacts;
    std::string external;  // key id of its external account binding
    std::int64_t created_at = 0;
};
BOOST_DESCRIBE_STRUCT(Account, (), (id, jwk, thumbprint, status, contacts, external, created_at))

struct Challenge {
    std::string type;
    std::string token;
    ChallengeStatus status = ChallengeStatus::pending;
    Problem problem;
    std::int64_t validated_at = 0;
};
BOOST_DESCRIBE_STRUCT(Challenge, (), (type, token, status, problem, validated_at))

struct Authorization {
    std::string id;
    std::string account;
    Identifier identifier;  // without "*."
    bool wildcard = false;
    std::string profile;
    AuthorizationStatus status = AuthorizationStatus::pending;
    std::int64_t expires_at = 0;
    std::vector<Challenge> challenges;

    // Null when it has none of that type.
    Challenge* find(const std::string& type);
    // When its challenge was met.
    std::int64_t validated_at() const;
};
BOOST_DESCRIBE_STRUCT(Authorization, (),
                      (id, account, identifier, wildcard, profile, status, expires_at, challenges))

struct Order {
    std::string id;
    std::string account;
    std::vector<Identifier> identifiers;
    std::string profile;
    std::string replaces;
    bool exempt = false;  // from rate limits, by ARI
    OrderStatus status = OrderStatus::pending;
    std::vector<std::string> authorizations;
    std::int64_t created_at = 0;
    std::int64_t expires_at = 0;
    std::string csr;  // DER as base64url
    std::string certificate;
    Problem problem;
};
BOOST_DESCRIBE_STRUCT(Order, (),
                      (id, account, identifiers, profile, replaces, exempt, status, authorizations,
                       created_at, expires_at, csr, certificate, problem))

struct Certificate {
    std::string id;
    std::string account;
    std::string order;
    std::string ari_id;      // RFC 9773 4.1
    std::string sha256;      // of the DER, hexadecimal
    std::string public_key;  // SubjectPublicKeyInfo as base64url
    std::vector<Identifier> identifiers;
    std::vector<std::string> chains;  // PEM; the default one first
    std::int64_t not_before = 0;
    std::int64_t not_after = 0;
    std::int64_t revoked_at = 0;
    int reason = 0;
    std::string successor;  // the order that replaces it
};
BOOST_DESCRIBE_STRUCT(Certificate, (),
                      (id, account, order, ari_id, sha256, public_key, identifiers, chains, not_before,
                       not_after, revoked_at, reason, successor))

// The identifiers' texts, "*." included.
std::vector<std::string> texts_of(const std::vector<Identifier>& identifiers);

}  // namespace relay
