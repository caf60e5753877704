// Manners: how the name server speaks beside its data, and what a question says beside its name.
#pragma once

#include "base/bytes.h"
#include "dns/ask.h"
#include "dns/cookie.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace nameserver {

// The secrets of one day, and of the day before, made from a key that all servers of the zones share. Cookies
// are good for an hour, so two are enough (RFC 9018 5).
class CookieSecrets {
public:
    CookieSecrets() = default;
    CookieSecrets(const dns::CookieSecret& key, std::uint32_t now) : key_(key) { turn(now); }

    // Seconds since 1970: takes the secrets of that day. Seldom anything to do.
    void turn(std::uint32_t now);

    dns::ServerCookie make(base::ByteView client_cookie, base::ByteView address, std::uint32_t now) const
    {
        return dns::make_server_cookie(today_, client_cookie, address, now);
    }
    bool good(base::ByteView client_cookie, base::ByteView server_cookie, base::ByteView address,
              std::uint32_t now) const;

private:
    dns::CookieSecret key_{};
    std::uint32_t day_ = 0;
    dns::CookieSecret today_{};
    dns::CookieSecret yesterday_{};
};

// One a loop: its secrets turn there.
struct Manners {
    std::string nsid;  // which server this is, for who asks (RFC 5001); empty: not told
    CookieSecrets cookies;
};

// Who asks. Without manners or an address: nothing is told beside the answer.
struct Asker {
    Asker(dns::Transport how) : transport(how) {}
    Asker(dns::Transport how, base::ByteView from, const Manners& ours)
        : transport(how), address(from), manners(&ours)
    {
    }

    dns::Transport transport;
    base::ByteView address;  // 4 or 16 octets
    const Manners* manners = nullptr;
};

}  // namespace nameserver
