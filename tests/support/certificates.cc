#include "support/certificates.h"

#include "base/random.h"
#include "crypto/openssl.h"

#include <fmt/format.h>

#include <stdexcept>

namespace test {

namespace {

void require(bool done, const char* what)
{
    if (!done) {
        throw std::runtime_error(what);
    }
}

void set_name(X509_NAME* name, const std::string& text)
{
    const auto octets = base::as_bytes(text);
    require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, octets.data(),
                                       static_cast<int>(octets.size()), -1, 0) == 1,
            "common name");
}

void add(X509* certificate, X509V3_CTX* context, int nid, const char* value)
{
    const crypto::detail::OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, context, nid, value));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

void add_names(X509* certificate, const std::vector<std::string>& identifiers)
{
    const auto names = crypto::detail::make_alternative_names(identifiers);
    require(names.has_value() && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names->get(), 0,
                                                   X509V3_ADD_DEFAULT) == 1,
            "names");
}

crypto::detail::OwnedX509 blank(const std::string& subject, const CertificateShape& shape)
{
    crypto::detail::OwnedX509 certificate(X509_new());
    auto* made = certificate.get();
    const auto serial = base::random_bytes(8);
    const crypto::detail::OwnedBignum number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    require(X509_set_version(made, X509_VERSION_3) == 1, "version");
    require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made)) != nullptr, "serial");
    require(X509_time_adj_ex(X509_getm_notBefore(made), shape.from_days, 0, nullptr) != nullptr, "dates");
    require(X509_time_adj_ex(X509_getm_notAfter(made), shape.to_days, 0, nullptr) != nullptr, "dates");
    set_name(X509_get_subject_name(made), subject);
    return certificate;
}

void complete(X509* certificate, X509* issuer, const crypto::PrivateKey& key, const CertificateShape& shape)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    require(X509_set_pubkey(certificate, key.native()) == 1, "key");
    add(certificate, &context, NID_subject_key_identifier, "hash");
    add(certificate, &context, NID_basic_constraints, shape.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(certificate, &context, NID_authority_key_identifier, "keyid");
    if (!shape.names.empty() && !shape.ca) {
        add_names(certificate, shape.names);
    }
    if (shape.issuer_url) {
        add(certificate, &context, NID_info_access, "caIssuers;URI:http://issuer.test/ca.cer");
    }
}

std::string pem_of(X509* certificate)
{
    return crypto::to_pem({crypto::detail::encode(i2d_X509, certificate)});
}

}  // namespace

crypto::PrivateKey new_key(model::KeyType type)
{
    auto key = crypto::PrivateKey::generate(type);
    require(key.has_value(), "key");
    return std::move(*key);
}

Authority Authority::root(const std::string& name)
{
    auto key = new_key();
    CertificateShape shape;
    shape.ca = true;
    const auto certificate = blank(name, shape);
    set_name(X509_get_issuer_name(certificate.get()), name);
    complete(certificate.get(), certificate.get(), key, shape);
    require(X509_sign(certificate.get(), key.native(), EVP_sha256()) > 0, "signature");
    auto pem = pem_of(certificate.get());
    return Authority(name, std::move(key), std::move(pem));
}

Authority Authority::subordinate(const std::string& name) const
{
    auto key = new_key();
    CertificateShape shape;
    shape.ca = true;
    shape.names = {name};
    auto pem = issue(key, shape);
    return Authority(name, std::move(key), std::move(pem));
}

std::string Authority::issue(const crypto::PrivateKey& key, const CertificateShape& shape) const
{
    const auto parsed = crypto::parse_chain(pem_);
    require(parsed.has_value(), "issuer");
    const auto issuer = crypto::detail::parse_der(parsed->der.front());
    const auto certificate = blank(shape.names.empty() ? "nameless" : shape.names.front(), shape);
    require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1, "issuer");
    complete(certificate.get(), issuer.get(), key, shape);
    require(X509_sign(certificate.get(), key_.native(), EVP_sha256()) > 0, "signature");
    return pem_of(certificate.get());
}

}  // namespace test
