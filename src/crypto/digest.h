// Hashes and comparison of secrets.
#pragma once

#include "base/bytes.h"

#include <string>

namespace crypto {

base::Bytes sha256(base::ByteView data);
base::Bytes hmac_sha256(base::ByteView key, base::ByteView data);
// In constant time for equal lengths.
bool equal_secret(base::ByteView a, base::ByteView b);

}  // namespace crypto
