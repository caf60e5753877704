// A zone with something of everything, as a master file, for tests that compare name servers.
#pragma once

#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

namespace test {

inline constexpr std::string_view sample_apex = "diff.test";
inline constexpr std::uint32_t sample_serial = 4'242;

struct SampleZone {
    std::string text;
    std::vector<std::string> names;
};

inline SampleZone sample_dns_zone(unsigned seed)
{
    SampleZone zone;
    zone.text = fmt::format(R"($ORIGIN diff.test.
$TTL 300
@ 3600 SOA ns1 hostmaster {} 3600 600 604800 30
@ 3600 NS ns1
@ 3600 NS ns2.elsewhere.example.
@ A 192.0.2.1
@ AAAA 2001:db8::1
@ MX 10 mail
@ MX 20 mail.elsewhere.example.
@ TXT "v=spf1 -all" "second string"
@ CAA 0 issue "ca.example; validationmethods=dns-01"
@ HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
mail A 192.0.2.25
www CNAME @
far CNAME www.elsewhere.example.
one CNAME two
two CNAME three
three CNAME www
gone CNAME nobody
loop CNAME pool
pool CNAME loop
tocut CNAME x.sub
towild CNAME some.wild
*.wild TXT "wildcard"
*.wild A 192.0.2.77
deep.under.wild A 192.0.2.78
*.cwild CNAME www
*.gonewild CNAME nobody
*.*.twice A 192.0.2.79
a.b.c.d.e A 192.0.2.80
sub NS ns.sub
sub NS ns1
sub NS ns.elsewhere.example.
sub DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.sub A 192.0.2.90
ns.sub AAAA 2001:db8::90
lame NS ns.lame.elsewhere.example.
under.ent.cut NS ns.under.ent.cut
ns.under.ent.cut A 192.0.2.91
_sip._tcp SRV 1 2 5060 mail
_443._tcp.www2 TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
host HINFO "PDP-11" "UNIX"
ptr PTR www
svc SVCB 0 www
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@diff.test!" .
sshfp SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
odd TYPE65280 \# 3 010203
empty TYPE65281 \# 0
under\.score A 192.0.2.92
sp\032ace A 192.0.2.93
)",
                            sample_serial);
    for (const char* each : {"",
                             "ns1",
                             "mail",
                             "www",
                             "far",
                             "one",
                             "two",
                             "three",
                             "gone",
                             "loop",
                             "pool",
                             "tocut",
                             "towild",
                             "some.wild",
                             "wild",
                             "*.wild",
                             "under.wild",
                             "deep.under.wild",
                             "x.deep.under.wild",
                             "some.cwild",
                             "x.y.cwild",
                             "cwild",
                             "some.gonewild",
                             "q.r.twice",
                             "q.*.twice",
                             "twice",
                             "a.b.c.d.e",
                             "c.d.e",
                             "e",
                             "sub",
                             "x.sub",
                             "ns.sub",
                             "y.x.sub",
                             "lame",
                             "under.ent.cut",
                             "ent.cut",
                             "cut",
                             "x.under.ent.cut",
                             "_sip._tcp",
                             "_tcp",
                             "_443._tcp.www2",
                             "www2",
                             "host",
                             "ptr",
                             "svc",
                             "naptr",
                             "sshfp",
                             "odd",
                             "empty",
                             "under\\.score",
                             "sp\\032ace",
                             "big",
                             "many"}) {
        zone.names.push_back(*each == '\0' ? std::string(sample_apex)
                                           : fmt::format("{}.{}", each, sample_apex));
    }
    for (int i = 0; i < 24; ++i) {
        zone.text += fmt::format("big TXT \"{:0>90}\"\nmany A 198.51.100.{}\n", i, i);
    }
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
        const auto name = fmt::format("n{}", random() % 400);
        if (std::ranges::find(zone.names, name + ".diff.test") != zone.names.end()) {
            continue;
        }
        zone.names.push_back(name + ".diff.test");
        zone.text += fmt::format("{0} A 203.0.113.{1}\n_acme-challenge.{0} TXT \"{2}\"\n", name, i, random());
    }
    return zone;
}

}  // namespace test
