// HMAC with the digests that DNS transaction signatures use (RFC 8945 section 6).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <optional>
#include <string_view>

namespace crypto {

enum class HmacDigest { md5, sha1, sha224, sha256, sha384, sha512 };

// Fails where this machine's OpenSSL forbids the digest (MD5 under FIPS rules).
base::Result<base::Bytes> hmac(HmacDigest digest, base::ByteView key, base::ByteView data);

// "hmac-sha256", as key files and RFC 8945 write it; for MD5 also the long name of RFC 2845.
std::string_view to_string(HmacDigest digest);
std::optional<HmacDigest> hmac_digest_from(std::string_view text);

}  // namespace crypto
