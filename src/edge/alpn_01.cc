#include "edge/alpn_01.h"

#include "crypto/certificate.h"
#include "edge/http_01.h"

namespace edge {

base::Result<std::shared_ptr<const net::TlsIdentity>> make_challenge_identity(const CertificateStore& store,
                                                                              const std::string& name)
{
    TRY(challenge, store.alpn_challenge(name));
    if (!challenge) {
        return std::shared_ptr<const net::TlsIdentity>();
    }
    TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    const auto answer = key_authorization(challenge->token, challenge->thumbprint);
    TRY(certificate, crypto::challenge_certificate(key, name, answer));
    return net::make_identity("acme:" + challenge->token, certificate, {}, key.to_pkcs8());
}

}  // namespace edge
