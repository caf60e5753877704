// Message: a whole DNS message as records, for clients, checks and tests. The name server answers without it,
// from the wire.
//
// Sources: RFC 1035 4, RFC 6891 (EDNS), RFC 3597 (unknown types).
#pragma once

#include "dns/name.h"
#include "dns/resolver.h"

#include <optional>
#include <vector>

namespace dns {

enum class Opcode : std::uint8_t { query = 0, iquery = 1, status = 2, notify = 4, update = 5 };

inline constexpr std::uint16_t class_in = 1;
inline constexpr std::uint16_t class_any = 255;
inline constexpr std::size_t header_size = 12;

struct Question {
    Name name;
    RecordType type = RecordType::a;
    std::uint16_t klass = class_in;
    bool operator==(const Question&) const = default;
};

struct Record {
    Name name;
    RecordType type = RecordType::a;
    std::uint16_t klass = class_in;
    std::uint32_t ttl = 0;
    base::Bytes data;  // names in it are not compressed
    bool operator==(const Record&) const = default;
};

// Numbers of EDNS options that have a meaning here; all others are kept as they are.
enum class OptionCode : std::uint16_t { nsid = 3, cookie = 10, extended_error = 15 };

struct Option {
    OptionCode code{};
    base::Bytes data;
    bool operator==(const Option&) const = default;
};

struct Edns {
    std::uint16_t udp_size = 1232;
    std::uint8_t version = 0;
    bool dnssec_ok = false;
    std::vector<Option> options;
    bool operator==(const Edns&) const = default;
};

struct Message {
    std::uint16_t id = 0;
    bool response = false;
    Opcode opcode = Opcode::query;
    bool authoritative = false;
    bool truncated = false;
    bool recursion_desired = false;
    bool recursion_available = false;
    bool authentic = false;
    bool checking_disabled = false;
    Rcode rcode = Rcode::noerror;  // with the bits from EDNS
    std::vector<Question> questions;
    std::vector<Record> answers;
    std::vector<Record> authorities;
    std::vector<Record> additionals;  // without OPT
    std::optional<Edns> edns;
    bool operator==(const Message&) const = default;

    // Fails on anything that is not a whole message: truncated records, loops, octets after the end, two OPT
    // records.
    static base::Result<Message> parse(base::ByteView wire);
    // Compressed. Fails when it is larger than `limit`, or when an rcode above 15 has no EDNS to carry it.
    base::Result<base::Bytes> serialize(std::size_t limit = 65'535) const;

    const Option* option(OptionCode code) const;
    // The text forms of the answers of `type`, as Lookup::records has them.
    std::vector<std::string> answers_of(RecordType type) const;
};

}  // namespace dns
