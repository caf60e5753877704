// Owners of OpenSSL objects and texts of its failures. Only for the sources of crypto/.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace crypto::detail {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
inline void free_extensions(STACK_OF(X509_EXTENSION) * list)
{
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

using OwnedBio = Owned<BIO, BIO_free>;
using OwnedBignum = Owned<BIGNUM, BN_free>;
using OwnedX509 = Owned<X509, X509_free>;
using OwnedRequest = Owned<X509_REQ, X509_REQ_free>;
using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using OwnedExtension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using OwnedExtensions = Owned<STACK_OF(X509_EXTENSION), free_extensions>;
using OwnedObject = Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using OwnedOctets = Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using OwnedDigest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedCipher = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedPkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedPkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

// The reason of the oldest failure in this thread's queue, which is emptied.
std::string last_failure();
base::Error internal_failure(std::string_view what);

// The DER of an object through its i2d function; empty when OpenSSL cannot write it.
template <class T, class Write>
base::Bytes encode(Write write, T* object)
{
    const int size = write(object, nullptr);
    if (size <= 0) {
        return {};
    }
    base::Bytes der(static_cast<std::size_t>(size));
    auto* at = der.data();
    write(object, &at);
    return der;
}

// Parses exactly one certificate; null when `der` is anything else.
OwnedX509 parse_der(base::ByteView der);

inline constexpr std::size_t longest_common_name = 64;  // RFC 5280 appendix A

// Gives a certificate a random serial: positive, and always 16 octets.
bool set_serial(X509* certificate);

// The SAN value for DNS names and IP addresses; invalid names what cannot be one.
base::Result<OwnedNames> make_alternative_names(const std::vector<std::string>& identifiers);

}  // namespace crypto::detail
