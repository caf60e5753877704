// PrivateKey: an asymmetric key, owned. Immutable after construction; safe to share between threads.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "model/endpoint.h"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY; only crypto/ and net/ look inside

namespace crypto {

class PrivateKey {
public:
    static base::Result<PrivateKey> generate(model::KeyType type);
    // Any unencrypted PEM form (PKCS#8, SEC 1, PKCS#1). Errors: code unparsable, with what is wrong and the
    // fix.
    static base::Result<PrivateKey> from_pem(std::string_view pem);
    static base::Result<PrivateKey> from_pkcs8(base::ByteView der);

    std::string to_pem() const;      // PKCS#8
    base::Bytes to_pkcs8() const;    // DER
    base::Bytes public_der() const;  // SubjectPublicKeyInfo
    bool operator==(const PrivateKey& other) const { return public_der() == other.public_der(); }

    evp_pkey_st* native() const { return key_.get(); }

private:
    explicit PrivateKey(evp_pkey_st* key);
    std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace crypto
