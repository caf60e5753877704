// Owners of OpenSSL objects and its error queue, for net/ alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace net {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};

using SslContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Freed<SSL_free>>;
using X509Handle = std::unique_ptr<X509, Freed<X509_free>>;

struct FreeX509Stack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using X509Stack = std::unique_ptr<STACK_OF(X509), FreeX509Stack>;

// The oldest error of this thread's queue as text; the queue is empty afterwards.
std::string take_openssl_error();

}  // namespace net
