// Self-signed identities for tests of net/ and http/.
#pragma once

#include "net/tls.h"
#include "support/temp_dir.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

namespace test {

struct TestIdentity {
    std::shared_ptr<const net::TlsIdentity> identity;
    base::Bytes leaf;
    base::Bytes key;
    std::shared_ptr<TempDir> folder;

    std::string trust_file() const { return (folder->path() / "trust.pem").string(); }
};

// A P-256 certificate for these names and addresses, valid for an hour, named after the first.
inline TestIdentity make_test_identity(const std::vector<std::string>& names)
{
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    std::string alternatives;
    for (const auto& name : names) {
        boost::system::error_code not_address;
        boost::asio::ip::make_address(name, not_address);
        alternatives += (alternatives.empty() ? "" : ",") + std::string(not_address ? "DNS:" : "IP:") + name;
    }
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());

    TestIdentity out;
    out.leaf.resize(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
    unsigned char* at = out.leaf.data();
    i2d_X509(certificate, &at);
    PKCS8_PRIV_KEY_INFO* pkcs8 = EVP_PKEY2PKCS8(key);
    out.key.resize(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(pkcs8, nullptr)));
    at = out.key.data();
    i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &at);
    PKCS8_PRIV_KEY_INFO_free(pkcs8);
    out.folder = std::make_shared<TempDir>();
    std::FILE* file = std::fopen(out.trust_file().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    out.identity = net::make_identity(names.front(), out.leaf, {}, out.key).value();
    return out;
}

// Answers every hello with one identity.
class OneIdentity final : public net::IdentitySource {
public:
    explicit OneIdentity(std::shared_ptr<const net::TlsIdentity> identity) : identity_(std::move(identity)) {}
    Choice choose(const net::ClientHello&) override { return Choice{Verdict::ready, identity_}; }
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello) override { co_return nullptr; }

private:
    std::shared_ptr<const net::TlsIdentity> identity_;
};

}  // namespace test
