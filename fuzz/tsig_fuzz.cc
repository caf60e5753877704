// Signatures of outside messages, and key files.
#include "dns/tsig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const auto key = dns::parse_tsig_key("hmac-sha256:certwright:c2VjcmV0").value();
    const base::ByteView wire(data, size);
    static_cast<void>(dns::verify(wire, key, base::from_millis(1'800'000'000'000)));
    static_cast<void>(dns::parse_tsig_key(base::as_text(wire)));
    return 0;
}
