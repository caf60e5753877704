// Writing certificate requests (RFC 2986) and self-signed certificates.
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>

namespace crypto {

namespace {

using detail::OwnedExtension;

base::Result<OwnedExtension> alternative_names(const std::vector<std::string>& identifiers)
{
    TRY(names, detail::make_alternative_names(identifiers));
    OwnedExtension extension(X509V3_EXT_i2d(NID_subject_alt_name, 0, names.get()));
    if (!extension) {
        return base::fail(detail::internal_failure("cannot write the names"));
    }
    return extension;
}

bool add_text(X509* certificate, int nid, const char* value)
{
    const OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_common_name(X509* certificate, const std::string& name)
{
    auto* subject = X509_get_subject_name(certificate);
    const auto octets = base::as_bytes(name);
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, octets.data(),
                                      static_cast<int>(octets.size()), -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1;
}

// All but extensions and signature; null when OpenSSL cannot.
detail::OwnedX509 draft_certificate(const PrivateKey& key, const std::string& common_name, int days)
{
    detail::OwnedX509 certificate(X509_new());
    const bool written =
        certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
        detail::set_serial(certificate.get()) && set_common_name(certificate.get(), common_name) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr &&
        X509_time_adj_ex(X509_getm_notAfter(certificate.get()), days, 0, nullptr) != nullptr &&
        X509_set_pubkey(certificate.get(), key.native()) == 1;
    return written ? std::move(certificate) : nullptr;
}

// The key as SubjectPublicKeyInfo (RFC 5480 2). X509_REQ_set_pubkey writes it through an encoder and reads it
// back through a decoder, each built for this one use: most of what a request costs. False when it cannot.
bool write_public_key(X509_REQ* request, EVP_PKEY* key)
{
    std::array<char, 64> group{};
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1 ||
        std::string_view(group.data()) != SN_X9_62_prime256v1) {
        return X509_REQ_set_pubkey(request, key) == 1;
    }
    constexpr std::size_t uncompressed = 65;
    std::array<std::uint8_t, 2 * uncompressed> point{};
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) !=
            1 ||
        size != uncompressed) {
        return X509_REQ_set_pubkey(request, key) == 1;
    }
    auto* octets = static_cast<std::uint8_t*>(OPENSSL_memdup(point.data(), size));
    const bool set =
        octets != nullptr &&
        X509_PUBKEY_set0_param(X509_REQ_get_X509_PUBKEY(request), OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
                               V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1), octets,
                               static_cast<int>(size)) == 1;
    if (!set) {
        OPENSSL_free(octets);
    }
    return set;
}

// id-pe-acmeIdentifier (RFC 8737 3): critical, an OCTET STRING in the extension's own.
bool add_acme_identifier(X509* certificate, std::string_view key_authorization)
{
    const detail::OwnedObject oid(OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1));
    const auto hash = sha256(base::as_bytes(key_authorization));
    const detail::OwnedOctets inner(ASN1_OCTET_STRING_new());
    if (!oid || !inner ||
        ASN1_OCTET_STRING_set(inner.get(), hash.data(), static_cast<int>(hash.size())) != 1) {
        return false;
    }
    const auto der = detail::encode(i2d_ASN1_OCTET_STRING, inner.get());
    const detail::OwnedOctets value(ASN1_OCTET_STRING_new());
    if (!value || ASN1_OCTET_STRING_set(value.get(), der.data(), static_cast<int>(der.size())) != 1) {
        return false;
    }
    const OwnedExtension extension(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 1, value.get()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

}  // namespace

base::Result<base::Bytes> make_csr(const PrivateKey& key, const std::vector<std::string>& identifiers)
{
    TRY(names, alternative_names(identifiers));
    const detail::OwnedExtensions extensions(sk_X509_EXTENSION_new_null());
    if (!extensions || sk_X509_EXTENSION_push(extensions.get(), names.get()) <= 0) {
        return base::fail(detail::internal_failure("cannot write a certificate request"));
    }
    static_cast<void>(names.release());  // The list owns it now.
    const detail::OwnedRequest request(X509_REQ_new());
    const bool written = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                         write_public_key(request.get(), key.native()) &&
                         X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
                         X509_REQ_sign(request.get(), key.native(), EVP_sha256()) > 0;
    if (!written) {
        return base::fail(detail::internal_failure("cannot write a certificate request"));
    }
    return detail::encode(i2d_X509_REQ, request.get());
}

base::Result<std::string> self_signed(const PrivateKey& key, const std::vector<std::string>& names, int days)
{
    TRY(extension, alternative_names(names));
    const bool fits = !names.empty() && names.front().size() <= detail::longest_common_name;
    auto certificate = draft_certificate(key, fits ? names.front() : "self-signed", days);
    const bool written = certificate && X509_add_ext(certificate.get(), extension.get(), -1) == 1 &&
                         add_text(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                         add_text(certificate.get(), NID_ext_key_usage, "serverAuth") &&
                         X509_sign(certificate.get(), key.native(), EVP_sha256()) > 0;
    if (!written) {
        return base::fail(detail::internal_failure("cannot write a self-signed certificate"));
    }
    return to_pem({detail::encode(i2d_X509, certificate.get())});
}

base::Result<base::Bytes> challenge_certificate(const PrivateKey& key, const std::string& name,
                                                std::string_view key_authorization)
{
    TRY(extension, alternative_names({name}));
    auto certificate = draft_certificate(key, "ACME challenge", 1);
    const bool written = certificate && X509_add_ext(certificate.get(), extension.get(), -1) == 1 &&
                         add_acme_identifier(certificate.get(), key_authorization) &&
                         X509_sign(certificate.get(), key.native(), EVP_sha256()) > 0;
    if (!written) {
        return base::fail(detail::internal_failure("cannot write a challenge certificate"));
    }
    return detail::encode(i2d_X509, certificate.get());
}

}  // namespace crypto
