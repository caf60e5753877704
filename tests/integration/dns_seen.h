// What counts of a reply when name servers are compared: order within a section and compression do not.
#pragma once

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/wire.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace test {

inline std::vector<std::string> lines_of(const std::vector<dns::Record>& records)
{
    std::vector<std::string> lines;
    for (const auto& each : records) {
        lines.push_back(fmt::format("{} {} {} {}", each.name.lower().text(), each.ttl,
                                    dns::to_string(each.type), dns::data_text(each.type, each.data)));
    }
    std::ranges::sort(lines);
    return lines;
}

struct Seen {
    bool answered = false;
    bool readable = false;
    dns::Message message;
    std::vector<std::string> answer, authority, additional;
    base::Bytes question;  // its octets, with their case

    std::string text() const
    {
        if (!answered || !readable) {
            return answered ? "unreadable" : "silence";
        }
        std::string made;
        for (const auto& [name, value] : fields()) {
            made += fmt::format("{}{}={}", made.empty() ? "" : " ", name, value);
        }
        return made;
    }

    // Each part by its name. Why something is refused (RFC 8914) is every server's own affair.
    std::map<std::string, std::string> fields() const
    {
        if (!answered || !readable) {
            return {{"reply", answered ? "unreadable" : "silence"}};
        }
        const auto& m = message;
        const auto is_plain = [](const dns::Option& each) {
            return each.code != dns::OptionCode::extended_error;
        };
        std::map<std::string, std::string> made{{"rcode", dns::to_string(m.rcode)},
                                                {"op", fmt::to_string(static_cast<int>(m.opcode))},
                                                {"aa", fmt::to_string(m.authoritative)},
                                                {"tc", fmt::to_string(m.truncated)},
                                                {"rd", fmt::to_string(m.recursion_desired)},
                                                {"ra", fmt::to_string(m.recursion_available)},
                                                {"ad", fmt::to_string(m.authentic)},
                                                {"cd", fmt::to_string(m.checking_disabled)},
                                                {"question", base::to_hex(question)},
                                                {"answer", fmt::to_string(fmt::join(answer, "; "))},
                                                {"authority", fmt::to_string(fmt::join(authority, "; "))},
                                                {"additional", fmt::to_string(fmt::join(additional, "; "))},
                                                {"edns", fmt::to_string(m.edns.has_value())}};
        if (m.edns) {
            made["version"] = fmt::to_string(m.edns->version);
            made["do"] = fmt::to_string(m.edns->dnssec_ok);
            made["options"] = fmt::to_string(std::ranges::count_if(m.edns->options, is_plain));
        }
        return made;
    }
};

inline Seen seen(const base::Bytes& wire)
{
    Seen made;
    made.answered = !wire.empty();
    auto message = dns::Message::parse(wire);
    if (!message) {
        return made;
    }
    made.readable = true;
    made.message = std::move(*message);
    made.answer = lines_of(made.message.answers);
    made.authority = lines_of(made.message.authorities);
    made.additional = lines_of(made.message.additionals);
    if (!made.message.questions.empty()) {
        dns::Reader reader(wire);
        static_cast<void>(reader.bytes(dns::header_size));
        const dns::Name name = reader.name();
        made.question.assign(name.wire().begin(), name.wire().end());
    }
    return made;
}

// The names of the parts in which two replies differ.
inline std::set<std::string> differing(const Seen& one, const Seen& other)
{
    const auto mine = one.fields();
    const auto theirs = other.fields();
    std::set<std::string> names;
    for (const auto& fields : {mine, theirs}) {
        for (const auto& [name, value] : fields) {
            const auto a = mine.find(name);
            const auto b = theirs.find(name);
            if (a == mine.end() || b == theirs.end() || a->second != b->second) {
                names.insert(name);
            }
        }
    }
    return names;
}

}  // namespace test
