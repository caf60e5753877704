// The differences between name servers that are meant; docs/dns-differences.md has a heading for each.
#pragma once

#include "dns_questions.h"
#include "dns_seen.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace test {

// What a question was, read from its octets, and in which parts the two replies differ.
struct Compared {
    const DnsQuestion& question;
    std::string_view peer;
    const Seen& ours;
    const Seen& theirs;
    std::set<std::string> parts;
    unsigned opcode = 0;
    unsigned flags = 0;
    unsigned type = 0;
    unsigned klass = 0;

    bool only(const std::set<std::string>& allowed) const { return std::ranges::includes(allowed, parts); }
};

inline Compared compared(const DnsQuestion& question, std::string_view peer, const Seen& ours,
                         const Seen& theirs)
{
    Compared made{question, peer, ours, theirs, differing(ours, theirs)};
    dns::Reader reader(question.wire);
    static_cast<void>(reader.u16());
    made.flags = reader.u16();
    made.opcode = made.flags >> 11 & 15;
    static_cast<void>(reader.bytes(8));
    static_cast<void>(reader.name());
    made.type = reader.u16();
    made.klass = reader.u16();
    return made;
}

// `holds` says whether this is why, and all in which, two replies differ.
struct Difference {
    std::string_view heading;  // in docs/dns-differences.md
    bool (*holds)(const Compared& pair);
};

inline const std::vector<Difference>& differences()
{
    static const std::vector<Difference> known = {
        {"Broken questions",
         [](const Compared& pair) {
             const bool refused = !pair.ours.answered || pair.ours.message.rcode == dns::Rcode::formerr;
             return !pair.question.well_formed && refused;
         }},
        {"Questions for types that are no data",
         [](const Compared& pair) {
             const bool meta = pair.type == 0 || pair.type == 41 || (pair.type >= 128 && pair.type <= 250) ||
                               pair.type == 253 || pair.type == 254;
             return meta && pair.only({"additional", "aa", "answer", "authority", "rcode", "tc"});
         }},
        {"Types of DNSSEC at a CNAME",
         [](const Compared& pair) {
             const bool of_dnssec = pair.type == 46 || pair.type == 47 || pair.type == 50;
             return of_dnssec && !pair.ours.answer.empty() &&
                    pair.only({"additional", "answer", "authority", "rcode", "tc"});
         }},
        {"ANY", [](const Compared& pair) { return pair.type == 255; }},
        {"Transfers", [](const Compared& pair) { return pair.type == 251 || pair.type == 252; }},
        {"Unknown opcodes", [](const Compared& pair) { return pair.opcode != 0; }},
        {"Addresses of targets",
         [](const Compared& pair) { return pair.only({"additional"}) && pair.ours.answer.size() > 0; }},
        {"Other classes than IN", [](const Compared& pair) { return pair.klass != dns::class_in; }},
        {"BADVERS",
         [](const Compared& pair) {
             return pair.ours.message.rcode == dns::Rcode::badvers &&
                    pair.only({"aa", "cd", "do", "ra", "tc"});
         }},
        {"Flags of the question that mean nothing",
         [](const Compared& pair) {
             return pair.only({"aa", "ad", "cd", "ra", "tc"}) && (pair.flags & 0x06f0U) != 0;
         }},
    };
    return known;
}

}  // namespace test
