// DNS cookies (RFC 7873) in the form that servers of one zone can share (RFC 9018): whoever shows one has
// received an answer at its address before, so the address is not forged.
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>

namespace dns {

inline constexpr std::size_t client_cookie_size = 8;
inline constexpr std::size_t server_cookie_size = 16;
inline constexpr std::size_t longest_cookie = 40;  // of both together (RFC 7873 4)

using CookieSecret = std::array<std::uint8_t, 16>;
using ServerCookie = std::array<std::uint8_t, server_cookie_size>;

// SipHash-2-4 of `data`, as eight octets in the order of its specification.
std::array<std::uint8_t, 8> siphash(const CookieSecret& key, base::ByteView data);

// For a client at `address` (4 or 16 octets) at `now` (seconds since 1970, modulo 2^32). No allocation.
ServerCookie make_server_cookie(const CookieSecret& secret, base::ByteView client_cookie,
                                base::ByteView address, std::uint32_t now);

// Whether that secret made it for that client, not more than an hour ago nor five minutes ahead (RFC
// 9018 4.3).
bool is_good_cookie(const CookieSecret& secret, base::ByteView client_cookie, base::ByteView server_cookie,
                    base::ByteView address, std::uint32_t now);

}  // namespace dns
