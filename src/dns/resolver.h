// Resolver: looks at the DNS as a CA's resolver does. For checks only; never a cache that could be stale.
#pragma once

#include "base/task.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dns {

enum class RecordType : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    hinfo = 13,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    naptr = 35,
    dname = 39,
    opt = 41,
    ds = 43,
    sshfp = 44,
    rrsig = 46,
    nsec = 47,
    dnskey = 48,
    tlsa = 52,
    svcb = 64,
    https = 65,
    tsig = 250,
    ixfr = 251,
    axfr = 252,
    any = 255,
    caa = 257,
};

std::string to_string(RecordType type);  // "TYPE123" when unknown

enum class Rcode : std::uint8_t {
    noerror = 0,
    formerr = 1,
    servfail = 2,
    nxdomain = 3,
    notimp = 4,
    refused = 5,
    yxdomain = 6,  // of updates (RFC 2136 2.2), as those up to notzone
    yxrrset = 7,
    nxrrset = 8,
    notauth = 9,
    notzone = 10,
    badvers = 16,  // needs EDNS to be told
    badcookie = 23,
};

std::string to_string(Rcode rcode);  // "NXDOMAIN"; "RCODE9" when unknown

struct Lookup {
    Rcode rcode = Rcode::noerror;
    std::string canonical_name;  // where a chain of CNAMEs ended; lower case, no final dot
    std::vector<std::string>
        records;          // presentation form: addresses, target names (lower case, no final dot), TXT joined
    bool secure = false;  // DNSSEC says so
    bool bogus = false;
    std::string why;  // of bogus or servfail

    bool exists() const { return rcode == Rcode::noerror && !records.empty(); }
};

class Resolver {
public:
    virtual ~Resolver() = default;
    // `name` is absolute without final dot. Fails with timeout or unavailable when no answer could be had at
    // all; an answer SERVFAIL, NXDOMAIN or without records is a success.
    virtual base::Task<Lookup> lookup(std::string name, RecordType type) = 0;
};

struct ResolverOptions {
    std::string forward;  // "127.0.0.1@5353": ask this resolver; empty: iterate from the root
    std::chrono::milliseconds limit{15'000};
};

// libunbound with a thread of its own, configured as Let's Encrypt's public replica (0x20, no stale cache).
base::Result<std::unique_ptr<Resolver>> make_resolver(boost::asio::any_io_executor executor,
                                                      ResolverOptions options);

}  // namespace dns
