// TSIG: transaction signatures of DNS messages with a shared secret (RFC 8945).
#pragma once

#include "base/clock.h"
#include "crypto/hmac.h"
#include "dns/name.h"

#include <string_view>

namespace dns {

struct TsigKey {
    Name name;
    crypto::HmacDigest digest = crypto::HmacDigest::sha256;
    base::Bytes secret;
};

// A key file: "hmac-sha256:name:base64" (knsupdate, and a comment of what Knot's keymgr prints), or BIND's
// form, which tsig-keygen prints: key "name" { algorithm hmac-sha256; secret "base64"; };
base::Result<TsigKey> parse_tsig_key(std::string_view text);

struct Signed {
    base::Bytes wire;
    base::Bytes mac;
};

// `wire` is a whole message without TSIG. `request_mac`: of the request, when this is the reply to it.
base::Result<Signed> sign(base::ByteView wire, const TsigKey& key, base::Time now,
                          base::ByteView request_mac = {});

// Checks the signature of `wire` and returns the message without it. Errors have the codes tsig_missing,
// tsig_badkey, tsig_badsig and tsig_badtime, whether we found that or the peer says so.
base::Result<Signed> verify(base::ByteView wire, const TsigKey& key, base::Time now,
                            base::ByteView request_mac = {});

}  // namespace dns
