#include "net/tls_identity.h"

#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <map>
#include <mutex>

namespace net {

namespace {

class OpensslIdentity final : public TlsIdentity {
public:
    OpensslIdentity(std::string name, X509Handle leaf, X509Stack issuers, crypto::PrivateKey key,
                    std::size_t memory)
        : name_(std::move(name)),
          leaf_(std::move(leaf)),
          issuers_(std::move(issuers)),
          key_(std::move(key)),
          memory_(memory)
    {
    }

    const std::string& name() const override { return name_; }
    std::size_t memory() const override { return memory_; }
    bool use(SSL* ssl) const
    {
        return SSL_use_cert_and_key(ssl, leaf_.get(), key_.native(), issuers_.get(), 1) == 1;
    }

private:
    std::string name_;
    X509Handle leaf_;
    X509Stack issuers_;
    crypto::PrivateKey key_;
    std::size_t memory_;
};

X509Handle parse_certificate(base::ByteView der)
{
    const unsigned char* at = der.data();
    X509Handle certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (certificate) {
        // Fills the caches inside X509 now, so that it is read-only when several loops share it.
        X509_check_purpose(certificate.get(), -1, 0);
    }
    return certificate;
}

// Thousands of leaves share a few issuers: each is parsed and kept once. Safe from any thread.
class IssuerTable {
public:
    X509Handle find_or_parse(const base::Bytes& der)
    {
        const std::lock_guard lock(mutex_);
        auto found = parsed_.find(der);
        if (found == parsed_.end()) {
            auto certificate = parse_certificate(der);
            if (!certificate) {
                return nullptr;
            }
            if (parsed_.size() >= most) {
                parsed_.clear();
            }
            found = parsed_.emplace(der, std::move(certificate)).first;
        }
        X509_up_ref(found->second.get());
        return X509Handle(found->second.get());
    }

private:
    static constexpr std::size_t most = 256;
    std::mutex mutex_;
    std::map<base::Bytes, X509Handle> parsed_;
};

base::Result<X509Stack> parse_issuers(const std::vector<base::Bytes>& issuers)
{
    static IssuerTable table;
    X509Stack stack(sk_X509_new_null());
    for (const auto& der : issuers) {
        auto certificate = table.find_or_parse(der);
        if (!certificate) {
            return base::fail(base::Errc::invalid,
                              "an issuer certificate cannot be read: " + take_openssl_error());
        }
        sk_X509_push(stack.get(), certificate.release());
    }
    return stack;
}

}  // namespace

std::string take_openssl_error()
{
    const auto code = ERR_peek_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "unknown error" : reason;
}

base::Result<std::shared_ptr<const TlsIdentity>> make_identity(std::string name, base::ByteView leaf_der,
                                                               const std::vector<base::Bytes>& issuers,
                                                               base::ByteView key_pkcs8)
{
    ERR_clear_error();
    auto leaf = parse_certificate(leaf_der);
    if (!leaf) {
        return base::fail(base::Errc::invalid, "the certificate cannot be read: " + take_openssl_error());
    }
    TRY(chain, parse_issuers(issuers));
    TRY(key, crypto::PrivateKey::from_pkcs8(key_pkcs8));
    if (X509_check_private_key(leaf.get(), key.native()) != 1) {
        ERR_clear_error();
        return base::fail(
            base::Error(base::Errc::invalid, "the private key does not belong to the certificate")
                .with_code("key_mismatch")
                .with_fix("use the key that the certificate request was made with"));
    }
    // A parsed certificate is about three times its DER; a key about 1.5 KB.
    const std::size_t memory =
        sizeof(OpensslIdentity) + name.size() + leaf_der.size() * 3 + key_pkcs8.size() + 1536;
    return std::make_shared<const OpensslIdentity>(std::move(name), std::move(leaf), std::move(chain),
                                                   std::move(key), memory);
}

bool use_identity(SSL* ssl, const TlsIdentity& identity)
{
    const auto* ours = dynamic_cast<const OpensslIdentity*>(&identity);
    return ours != nullptr && ours->use(ssl);
}

}  // namespace net
