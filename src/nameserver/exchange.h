// Internal to nameserver: one question on its way through the steps, and the steps that read it.
#pragma once

#include "dns/message.h"
#include "nameserver/answer.h"

#include <optional>

namespace nameserver {

inline constexpr std::uint16_t flag_response = 0x8000;
inline constexpr std::uint16_t flag_authoritative = 0x0400;
inline constexpr std::uint16_t flag_truncated = 0x0200;
inline constexpr std::uint16_t kept_flags = 0x7900;  // opcode and RD

inline constexpr std::uint16_t class_chaos = 3;

struct Edns {
    std::uint16_t udp_size = 0;
    std::uint8_t version = 0;
    bool dnssec_ok = false;
    bool wants_nsid = false;
    base::ByteView cookie;  // of the client, and maybe of the server behind it; empty: none
};

// Extended errors (RFC 8914 4), for who speaks EDNS.
enum class Explanation : std::uint16_t {
    none = 0,
    prohibited = 18,
    not_authoritative = 20,
    not_supported = 21
};

// Everything that steps know and change. Lives for one question.
struct Exchange {
    Exchange(const ZoneData& zone_data, const base::Clock& a_clock, base::ByteView octets, const Asker& who,
             std::span<std::uint8_t> out)
        : data(zone_data), view(zone_data.view()), clock(a_clock), query(octets), asker(who), writer(out)
    {
    }

    const ZoneData& data;
    ZoneData::View view;
    const base::Clock& clock;
    dns::Reader query;
    const Asker& asker;
    dns::Writer writer;

    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t counts[4]{};
    dns::Name asked;                   // with the case of the client
    dns::Name name;                    // looked for: the question, then where CNAMEs lead; lower case
    std::optional<Suffixes> suffixes;  // of `name`
    dns::RecordType type{};
    std::uint16_t klass = 0;
    std::size_t question_end = 0;
    std::optional<Edns> edns;

    const ZoneApex* zone = nullptr;  // of `name`
    bool chained = false;            // a CNAME has led to `name`
    bool negative = false;           // nothing of the type is at the last name
    dns::Rcode rcode = dns::Rcode::noerror;
    Explanation explanation = Explanation::none;
    bool authoritative = false;
    bool truncated = false;
    std::uint16_t written[3]{};  // by Section

    bool at_apex() const { return suffixes->count == zone->labels; }
    // The sets of the zone that have not expired.
    bool serves(const SetHead& head)
    {
        return (head.zone == zone->labels || head.zone == any_zone) &&
               (head.expires_at == SetHead::never || head.expires_at > now());
    }

    // The clock is read at most once a question, and seldom.
    std::int64_t now()
    {
        if (now_ == 0) {
            now_ = base::to_millis(clock.now());
        }
        return now_;
    }
    std::uint32_t now_seconds() { return static_cast<std::uint32_t>(now() / 1'000); }
    // Cookies are exchanged: the client has one, and we know its address.
    bool speaks_cookies() const
    {
        return edns && !edns->cookie.empty() && asker.manners != nullptr && !asker.address.empty();
    }
    bool tells_nsid() const
    {
        return edns && edns->wants_nsid && asker.manners != nullptr && !asker.manners->nsid.empty();
    }

private:
    std::int64_t now_ = 0;
};

enum Section : std::size_t { answers, authority, additional };

enum class State { next, finish, drop };
using Step = State (*)(Exchange&);

// The steps in order, until one of them has said the last word.
inline State run(Exchange& exchange, std::span<const Step> steps)
{
    for (const Step step : steps) {
        if (const State state = step(exchange); state != State::next) {
            return state;
        }
    }
    return State::next;
}

// Reads the question. `next`: it is whole, and of a kind that zones answer.
State read_question(Exchange& exchange);
// Finds its zone.
State find_zone(Exchange& exchange);
// OPT, which ends a reply: how large it will be, and writing it.
std::size_t size_of_opt(const Exchange& exchange);
void write_opt(Exchange& exchange);

// Where a name leads within its zone.
struct Place {
    enum class Kind { found, nothing, delegated };
    Kind kind = Kind::nothing;
    const NameNode* node = nullptr;  // its data, or the wildcard's, or the delegation; null: an apex without
    std::size_t suffix = 0;          // of the name, which is delegated
};
Place find_place(Exchange& exchange);

// Writes what stands at a name. Nothing here checks whether it fits: the writer remembers that it did not.
void write_sets(Exchange& exchange, const NameNode& node);
void write_soa(Exchange& exchange, Section section, std::uint32_t ttl);
void write_name_servers(Exchange& exchange);  // of the zone, as answer
void write_any(Exchange& exchange);           // RFC 8482
void write_identity(Exchange& exchange);      // id.server. CH TXT (RFC 4892)
// The CNAME at the node, if there is one: written, and its target.
std::optional<dns::Name> write_cname(Exchange& exchange, const NameNode& node);
// The name servers that `place` is delegated to, and their addresses here. All of those at or below the cut
// must fit (RFC 9471).
void write_referral(Exchange& exchange, const Place& place);
// The addresses of the zone's name servers, as far as they fit.
void write_glue(Exchange& exchange);

}  // namespace nameserver
