// Certificate and CaAccount: what certwright holds for names, and with whom it got it.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "model/domain_name.h"
#include "model/endpoint.h"
#include "model/problem.h"

#include <optional>
#include <string>
#include <vector>

namespace model {

// managed: obtained by us. uploaded: the customer's own, preferred while valid. transitional: uploaded,
// served until a managed one is live. platform: ours, for names that have none.
enum class CertificateSource { managed, uploaded, transitional, platform };

enum class CertificateState { live, superseded, revoked, deleted };

struct Certificate {
    std::string id;  // "crt_..."
    std::string tenant;
    std::string endpoint;  // id; empty for platform certificates
    std::string edge_group = "default";
    CertificateSource source = CertificateSource::managed;
    CertificateState state = CertificateState::live;
    std::vector<std::string> identifiers;  // DNS names (canonical) and IP addresses
    KeyType key_type = KeyType::ecdsa_p256;
    std::string issuer;  // for people
    std::string serial;  // lower-case hexadecimal
    std::string sha256;  // of the leaf's DER, hexadecimal
    base::Time not_before{};
    base::Time not_after{};
    std::string chain_pem;    // leaf first
    base::Bytes sealed_key;   // PKCS#8 sealed with the master key; empty when the key is elsewhere (devices)
    std::string account;      // CaAccount id; empty for uploads
    std::string order;        // Order id; empty for uploads
    std::string replaced_by;  // certificate id
    std::optional<base::Time> renew_at;  // when the planner orders the successor; none: never
    base::Time created_at{};
    bool trusted = true;  // false: of a staging or test CA; it serves only where nothing trusted is valid
};

// That the CA is to be told of a revocation (RFC 8555 7.6), until it was.
struct Revocation {
    std::string certificate;  // id
    std::string endpoint;     // id; empty for platform certificates
    int reason = 0;           // RFC 5280 5.3.1
    bool replace = true;      // false: the endpoint gets no successor until somebody asks for one
    base::Time requested_at{};
    std::optional<base::Time> next_action_at;  // none: it is over
    int attempt = 0;                           // failed attempts so far
    Problem problem;                           // of the last failed attempt
    std::optional<base::Time> revoked_at;      // the CA has confirmed it
};

// Where the change of an account's key stands (RFC 8555 7.3.5). Each step is stored before it is taken.
enum class KeyRotation {
    none,
    draining,   // proving orders end, new ones wait
    changing,   // the CA may know the old key or the next one
    publishing  // the next key is ours; the edges learn its thumbprint
};

struct CaAccount {
    std::string id;    // "ca_..."
    std::string name;  // what people call it, e.g. "default"
    std::string directory_url;
    std::string account_url;  // empty until registered
    std::vector<std::string> contacts;
    base::Bytes sealed_key;  // PKCS#8 of the account key, sealed
    std::string thumbprint;  // RFC 7638, base64url
    std::string eab_kid;     // empty: none
    base::Bytes sealed_eab_key;
    bool is_default = false;
    bool deactivated = false;
    base::Time created_at{};
    bool trusted = true;                      // false: a staging or test CA
    int fallback = 0;                         // its place among those that step in; 0: it does not
    std::string profile;                      // of orders that name none; empty: the CA's default
    std::string preferred_issuer;             // common name at the top of the chain; empty: the CA's default
    std::vector<KeyType> key_types;           // that the CA takes; empty: all
    std::vector<std::string> caa_identities;  // what CAA records call the CA; empty: not known
    std::vector<std::string> profiles;        // that the CA offers
    Problem problem;                          // why the CA does not accept the account
    KeyRotation rotation = KeyRotation::none;
    base::Bytes sealed_next_key;  // while the key is being changed
    std::string next_thumbprint;

    bool takes(KeyType type) const;
};

// How a CA (one directory) does: the circuit breaker.
enum class CaState {
    healthy,
    failing,  // nothing is sent there before probe_at
    probing   // one order tries
};

struct CaHealth {
    std::string directory_url;
    CaState state = CaState::healthy;
    int failures = 0;    // outages in a row
    base::Time since{};  // of the state
    base::Time probe_at{};
    Problem problem;                          // the last outage
    std::optional<base::Time> limited_until;  // by a limit of the CA, as far as it said
};

std::string_view to_string(CertificateSource value);
std::string_view to_string(CertificateState value);
std::string_view to_string(KeyRotation value);
std::string_view to_string(CaState value);
base::Result<KeyRotation> key_rotation_from(std::string_view text);
base::Result<CaState> ca_state_from(std::string_view text);
base::Result<CertificateSource> certificate_source_from(std::string_view text);
base::Result<CertificateState> certificate_state_from(std::string_view text);

// What the certificate's key is sealed to (crypto::Sealer): its row and tenant.
std::string certificate_context(const Certificate& certificate);

// When to order the successor if the CA says nothing: a third of the lifetime left, a half when it is under
// ten days.
base::Time renewal_time(base::Time not_before, base::Time not_after);

}  // namespace model
