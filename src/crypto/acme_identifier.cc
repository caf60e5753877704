#include "crypto/acme_identifier.h"

#include "crypto/digest.h"
#include "crypto/leaf.h"

#include <openssl/err.h>

namespace crypto {

namespace {

constexpr const char* acme_identifier = "1.3.6.1.5.5.7.1.31";  // RFC 8737 6.1

base::Result<> wrong(std::string message)
{
    ERR_clear_error();
    return base::fail(base::Errc::unauthorized, std::move(message));
}

// Where the extension with that object is; -1 when it is missing or there more than once.
int only_one(const X509* certificate, const ASN1_OBJECT* object)
{
    const int first = X509_get_ext_by_OBJ(certificate, object, -1);
    return first >= 0 && X509_get_ext_by_OBJ(certificate, object, first) >= 0 ? -1 : first;
}

base::Result<> check_name(const X509* certificate, const std::string& identifier)
{
    if (only_one(certificate, OBJ_nid2obj(NID_subject_alt_name)) < 0) {
        return wrong("the certificate has not exactly one subjectAltName extension");
    }
    const detail::OwnedNames names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const auto found = detail::identifiers_in(names.get());
    if (!names || sk_GENERAL_NAME_num(names.get()) != 1 || found != std::vector<std::string>{identifier}) {
        return wrong("the certificate is not for " + identifier + " alone");
    }
    return {};
}

base::Result<> check_digest(const X509* certificate, const std::string& key_authorization)
{
    const detail::Owned<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(acme_identifier, 1));
    const int at = object ? only_one(certificate, object.get()) : -1;
    if (at < 0) {
        return wrong("the certificate has not exactly one acmeIdentifier extension");
    }
    auto* extension = X509_get_ext(certificate, at);
    if (X509_EXTENSION_get_critical(extension) != 1) {
        return wrong("the acmeIdentifier extension is not critical");
    }
    auto want = sha256(base::as_bytes(key_authorization));
    want.insert(want.begin(), {4, 32});  // OCTET STRING of 32 octets
    const auto* value = X509_EXTENSION_get_data(extension);
    const base::ByteView have(ASN1_STRING_get0_data(value),
                              static_cast<std::size_t>(ASN1_STRING_length(value)));
    if (!equal_secret(have, want)) {
        return wrong("the acmeIdentifier extension is not the digest of the key authorization");
    }
    return {};
}

}  // namespace

base::Result<> check_acme_certificate(base::ByteView der, const std::string& identifier,
                                      const std::string& key_authorization)
{
    const auto certificate = detail::parse_der(der);
    if (!certificate) {
        return wrong("the certificate cannot be read");
    }
    auto* key = X509_get0_pubkey(certificate.get());
    const bool own =
        X509_NAME_cmp(X509_get_issuer_name(certificate.get()), X509_get_subject_name(certificate.get())) == 0;
    if (!own || key == nullptr || X509_verify(certificate.get(), key) != 1) {
        return wrong("the certificate is not self-signed");
    }
    CHECKED(check_name(certificate.get(), identifier));
    return check_digest(certificate.get(), key_authorization);
}

}  // namespace crypto
