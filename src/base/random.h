// Unguessable values from the operating system's generator. Safe from any thread.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace base {

Bytes random_bytes(std::size_t count);

// `count` characters of lower-case base32 (5 bits each), safe in DNS labels and file names.
std::string random_label(std::size_t count);

// A new identifier: prefix, '_', 20 base32 characters, e.g. new_id("ep") -> "ep_3kx...". 9 of them are the
// time in milliseconds, so that later ones sort after earlier ones, and 11 (55 bits) are random. Not a
// secret.
std::string new_id(std::string_view prefix);

// A secret of 256 bits as 43 base64url characters.
std::string random_secret();

// A uniform number in [0, bound). REQUIRES: bound > 0.
std::uint64_t random_below(std::uint64_t bound);

}  // namespace base
