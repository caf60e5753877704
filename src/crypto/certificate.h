// Reading certificates and writing certificate requests.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"

#include <string>
#include <string_view>
#include <vector>

namespace crypto {

// What certwright wants to know of a leaf certificate.
struct LeafFacts {
    std::vector<std::string> identifiers;  // SAN DNS names (lower case) and IP addresses (canonical text)
    std::string subject_common_name;
    std::string issuer;  // for people: common name, else organisation
    std::string serial;  // lower-case hexadecimal, even number of digits
    std::string sha256;  // of the DER
    base::Time not_before{};
    base::Time not_after{};
    base::Bytes public_der;  // SubjectPublicKeyInfo
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    std::string ari_id;  // RFC 9773 4.1 certID; empty when there is no authority key identifier
};

// Leaf first, then issuers, as DER; every certificate parsed once.
struct Chain {
    std::vector<base::Bytes> der;
    LeafFacts leaf;
};

// Parses a PEM chain, leaf first. Errors: code unparsable (with the position), chain_incomplete when the
// certificates do not sign one another in order.
base::Result<Chain> parse_chain(std::string_view pem);
std::string to_pem(const std::vector<base::Bytes>& der);

// Checks an upload: parses, key matches (key_mismatch), not expired (cert_upload_expired), covers every one
// of `names` (name_not_covered). Each error carries its fix.
base::Result<Chain> check_upload(std::string_view chain_pem, std::string_view key_pem,
                                 const std::vector<std::string>& names, base::Time now);

// A PKCS#10 request for `identifiers` (DNS names, IP addresses) in the SAN, no subject (RFC 8555 7.4).
base::Result<base::Bytes> make_csr(const PrivateKey& key, const std::vector<std::string>& identifiers);

// A self-signed certificate for `names`, valid for `days`, as PEM. For the moment before the first real one,
// and tests.
base::Result<std::string> self_signed(const PrivateKey& key, const std::vector<std::string>& names, int days);

// What answers TLS-ALPN-01 (RFC 8737 3): self-signed, for exactly `name`, with the hash of the key
// authorization in a critical extension. DER. It lives for a day, which is more than any CA waits.
base::Result<base::Bytes> challenge_certificate(const PrivateKey& key, const std::string& name,
                                                std::string_view key_authorization);

}  // namespace crypto
