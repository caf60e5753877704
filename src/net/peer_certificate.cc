#include "net/peer_certificate.h"

#include "net/tls_stream.h"

namespace net {

base::Bytes peer_certificate(Stream& stream)
{
    auto* tls = dynamic_cast<TlsStream*>(&stream);
    if (tls == nullptr) {
        return {};
    }
    const X509Handle certificate(SSL_get1_peer_certificate(tls->native()));
    unsigned char* der = nullptr;
    const int size = certificate ? i2d_X509(certificate.get(), &der) : 0;
    if (size <= 0) {
        return {};
    }
    base::Bytes made(der, der + size);
    OPENSSL_free(der);
    return made;
}

}  // namespace net
