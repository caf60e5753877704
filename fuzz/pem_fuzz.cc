// Certificates and keys as customers paste them.
#include "crypto/certificate.h"
#include "crypto/key.h"
#include "crypto/pem.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(crypto::parse_pem(text));
    static_cast<void>(crypto::PrivateKey::from_pem(text));
    const auto chain = crypto::parse_chain(text);
    if (chain) {
        const auto again = crypto::parse_chain(crypto::to_pem(chain->der));
        if (!again || again->der != chain->der || again->leaf.sha256 != chain->leaf.sha256) {
            std::abort();  // What was parsed must survive being written.
        }
    }
    return 0;
}
