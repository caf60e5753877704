// Certificate and CaAccount: what certwright holds for names, and with whom it got it.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "model/domain_name.h"
#include "model/endpoint.h"

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
};

std::string_view to_string(CertificateSource value);
std::string_view to_string(CertificateState value);
base::Result<CertificateSource> certificate_source_from(std::string_view text);
base::Result<CertificateState> certificate_state_from(std::string_view text);

// What the certificate's key is sealed to (crypto::Sealer): its row and tenant.
std::string certificate_context(const Certificate& certificate);

// When to order the successor if the CA says nothing: a third of the lifetime left, a half when it is under
// ten days.
base::Time renewal_time(base::Time not_before, base::Time not_after);

}  // namespace model
