// Certificates of any shape, signed by CAs that live as long as the test.
#pragma once

#include "crypto/certificate.h"
#include "crypto/key.h"

#include <string>
#include <vector>

namespace test {

// What a certificate is to say. Dates are days from now; negative is past.
struct CertificateShape {
    std::vector<std::string> names;
    int from_days = -1;
    int to_days = 30;
    bool ca = false;
    bool issuer_url = false;  // authority information access with caIssuers, as public CAs write it
};

// A key and its certificate, able to sign others.
class Authority {
public:
    static Authority root(const std::string& name);
    Authority subordinate(const std::string& name) const;

    // The certificate alone, as PEM.
    std::string issue(const crypto::PrivateKey& key, const CertificateShape& shape) const;
    const std::string& pem() const { return pem_; }

private:
    Authority(std::string name, crypto::PrivateKey key, std::string pem)
        : name_(std::move(name)), key_(std::move(key)), pem_(std::move(pem))
    {
    }

    std::string name_;
    crypto::PrivateKey key_;
    std::string pem_;
};

crypto::PrivateKey new_key(model::KeyType type = model::KeyType::ecdsa_p256);

}  // namespace test
