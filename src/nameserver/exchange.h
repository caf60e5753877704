// Internal to nameserver: one question on its way through the steps, and the steps that read it.
#pragma once

#include "nameserver/answer.h"

#include <optional>

namespace nameserver {

inline constexpr std::uint16_t flag_response = 0x8000;
inline constexpr std::uint16_t flag_authoritative = 0x0400;
inline constexpr std::uint16_t flag_truncated = 0x0200;
inline constexpr std::uint16_t kept_flags = 0x7900;  // opcode and RD

struct Edns {
    std::uint16_t udp_size = 0;
    std::uint8_t version = 0;
};

// Everything that steps know and change. Lives for one question.
struct Exchange {
    Exchange(const ZoneData& zone_data, const base::Clock& a_clock, base::ByteView octets, dns::Transport how,
             std::span<std::uint8_t> out)
        : data(zone_data), view(zone_data.view()), clock(a_clock), query(octets), transport(how), writer(out)
    {
    }

    const ZoneData& data;
    ZoneData::View view;
    const base::Clock& clock;
    dns::Reader query;
    dns::Transport transport;
    dns::Writer writer;

    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t counts[4]{};
    dns::Name asked;  // with the case of the client
    dns::Name name;
    std::optional<Suffixes> suffixes;
    dns::RecordType type{};
    std::uint16_t klass = 0;
    std::size_t question_end = 0;
    std::optional<Edns> edns;

    const ZoneApex* zone = nullptr;
    const NameNode* node = nullptr;  // where the data is; null: the name does not exist
    dns::Rcode rcode = dns::Rcode::noerror;
    bool authoritative = false;
    bool truncated = false;
    std::uint16_t written[3]{};  // answer, authority, additional
};

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

// Reads the question and finds its zone. `next`: it can be answered.
State read_question_and_zone(Exchange& exchange);

}  // namespace nameserver
