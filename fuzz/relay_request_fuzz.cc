// Whatever somebody may send to our ACME server: signed requests, keys, certificate requests, paths, scripts.
#include "crypto/acme_identifier.h"
#include "crypto/public_key.h"
#include "crypto/request_facts.h"
#include "relay/call.h"
#include "relay/fields.h"
#include "relay/jws.h"
#include "relay/order_wish.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto jws = relay::parse_jws(text);
    if (jws && jws->jwk) {
        const auto key = crypto::PublicKey::from_jwk(*jws->jwk);
        static_cast<void>(key && key->verify_jws(base::as_bytes(jws->signing_input), jws->signature));
    }
    static_cast<void>(crypto::PublicKey::from_jwk(text));
    static_cast<void>(relay::place_of(text));
    if (const auto object = relay::parse_object(text, "the input")) {
        const relay::ServerSettings settings;
        static_cast<void>(relay::read_order(*object, settings));
        relay::Faults faults;
        static_cast<void>(relay::apply_script(faults, *object, base::Time()));
    }
    const base::ByteView octets(data, size);
    static_cast<void>(crypto::read_request(octets));
    static_cast<void>(crypto::check_acme_certificate(octets, "a.test", "token.thumbprint"));
    return 0;
}
