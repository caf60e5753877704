// Internal to dns: the table of record layouts that rdata.cc and rdata_text.cc share.
#pragma once

#include "dns/resolver.h"

#include <string_view>

namespace dns {

// What lies where in the data of a type, one letter a field; empty when the type is opaque to us.
//   4 6    address                              n  name, compressible       N  name, never compressed (RFC
//   3597 4) b s i  number of 8, 16, 32 bits             c  one character-string     C  one or more, to the
//   end k      character-string without quotes (CAA tag)                        v  text to the end (CAA
//   value) x      octets to the end, in hexadecimal (DS digest)           p  parameters to the end (RFC 9460)
std::string_view layout_of(RecordType type);

}  // namespace dns
