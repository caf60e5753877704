#include "dns/message.h"

#include "dns/rdata.h"
#include "dns/wire.h"

#include <fmt/format.h>

namespace dns {

namespace {

constexpr std::uint16_t flag_response = 0x8000;
constexpr std::uint16_t flag_authoritative = 0x0400;
constexpr std::uint16_t flag_truncated = 0x0200;
constexpr std::uint16_t flag_recursion_desired = 0x0100;
constexpr std::uint16_t flag_recursion_available = 0x0080;
constexpr std::uint16_t flag_authentic = 0x0020;
constexpr std::uint16_t flag_checking_disabled = 0x0010;
constexpr std::uint32_t edns_dnssec_ok = 0x8000;

void read_flags(std::uint16_t flags, Message& message)
{
    message.response = (flags & flag_response) != 0;
    message.opcode = static_cast<Opcode>((flags >> 11) & 15);
    message.authoritative = (flags & flag_authoritative) != 0;
    message.truncated = (flags & flag_truncated) != 0;
    message.recursion_desired = (flags & flag_recursion_desired) != 0;
    message.recursion_available = (flags & flag_recursion_available) != 0;
    message.authentic = (flags & flag_authentic) != 0;
    message.checking_disabled = (flags & flag_checking_disabled) != 0;
    message.rcode = static_cast<Rcode>(flags & 15);
}

std::uint16_t flags_of(const Message& message)
{
    unsigned flags =
        (static_cast<unsigned>(message.opcode) & 15U) << 11 | (static_cast<unsigned>(message.rcode) & 15U);
    flags |= message.response ? flag_response : 0U;
    flags |= message.authoritative ? flag_authoritative : 0U;
    flags |= message.truncated ? flag_truncated : 0U;
    flags |= message.recursion_desired ? flag_recursion_desired : 0U;
    flags |= message.recursion_available ? flag_recursion_available : 0U;
    flags |= message.authentic ? flag_authentic : 0U;
    flags |= message.checking_disabled ? flag_checking_disabled : 0U;
    return static_cast<std::uint16_t>(flags);
}

// OPT: its class is the sender's buffer size and its TTL the upper bits of the rcode, the version and flags
// (RFC 6891 6.1).
void read_opt(Reader& reader, Message& message, const Record& head, std::size_t length)
{
    if (message.edns || !head.name.is_root()) {
        return reader.fail();
    }
    Edns edns;
    edns.udp_size = head.klass;
    edns.version = static_cast<std::uint8_t>(head.ttl >> 16);
    edns.dnssec_ok = (head.ttl & edns_dnssec_ok) != 0;
    message.rcode = static_cast<Rcode>(((head.ttl >> 24) << 4 | static_cast<unsigned>(message.rcode)) & 0xff);
    Reader options = reader.section(length);
    while (options.ok() && !options.at_end()) {
        const auto code = static_cast<OptionCode>(options.u16());
        const auto data = options.bytes(options.u16());
        edns.options.push_back({code, base::Bytes(data.begin(), data.end())});
    }
    if (!options.ok()) {
        reader.fail();
    }
    message.edns = std::move(edns);
}

void read_records(Reader& reader, Message& message, std::vector<Record>& section, std::size_t count)
{
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        Record record;
        record.name = reader.name();
        record.type = static_cast<RecordType>(reader.u16());
        record.klass = reader.u16();
        record.ttl = reader.u32();
        const std::size_t length = reader.u16();
        if (record.type == RecordType::opt) {
            if (&section != &message.additionals) {
                return reader.fail();
            }
            read_opt(reader, message, record, length);
            continue;
        }
        record.data = read_data(reader, record.type, length);
        section.push_back(std::move(record));
    }
}

void write_records(Writer& writer, const std::vector<Record>& section)
{
    for (const auto& record : section) {
        writer.name(record.name);
        writer.u16(static_cast<std::uint16_t>(record.type));
        writer.u16(record.klass);
        writer.u32(record.ttl);
        const std::size_t length_at = writer.size();
        writer.u16(0);
        write_data(writer, record.type, record.data);
        writer.patch_u16(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
    }
}

void write_opt(Writer& writer, const Edns& edns, Rcode rcode)
{
    writer.u8(0);
    writer.u16(static_cast<std::uint16_t>(RecordType::opt));
    writer.u16(edns.udp_size);
    writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4));
    writer.u8(edns.version);
    writer.u16(edns.dnssec_ok ? static_cast<std::uint16_t>(edns_dnssec_ok) : std::uint16_t{0});
    const std::size_t length_at = writer.size();
    writer.u16(0);
    for (const auto& option : edns.options) {
        writer.u16(static_cast<std::uint16_t>(option.code));
        writer.u16(static_cast<std::uint16_t>(option.data.size()));
        writer.bytes(option.data);
    }
    writer.patch_u16(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
}

}  // namespace

base::Result<Message> Message::parse(base::ByteView wire)
{
    Message message;
    Reader reader(wire);
    message.id = reader.u16();
    read_flags(reader.u16(), message);
    const std::size_t questions = reader.u16();
    const std::size_t answers = reader.u16();
    const std::size_t authorities = reader.u16();
    const std::size_t additionals = reader.u16();
    for (std::size_t i = 0; i < questions && reader.ok(); ++i) {
        Question question;
        question.name = reader.name();
        question.type = static_cast<RecordType>(reader.u16());
        question.klass = reader.u16();
        message.questions.push_back(question);
    }
    read_records(reader, message, message.answers, answers);
    read_records(reader, message, message.authorities, authorities);
    read_records(reader, message, message.additionals, additionals);
    if (!reader.ok() || !reader.at_end()) {
        return base::fail(base::Errc::invalid,
                          fmt::format("the DNS message is malformed near octet {}", reader.offset()));
    }
    return message;
}

base::Result<base::Bytes> Message::serialize(std::size_t limit) const
{
    if (static_cast<unsigned>(rcode) > 15 && !edns) {
        return base::fail(base::Errc::invalid, "an extended rcode needs EDNS");
    }
    base::Bytes wire(std::min<std::size_t>(limit, 65'535));
    Writer writer(wire);
    writer.u16(id);
    writer.u16(flags_of(*this));
    writer.u16(static_cast<std::uint16_t>(questions.size()));
    writer.u16(static_cast<std::uint16_t>(answers.size()));
    writer.u16(static_cast<std::uint16_t>(authorities.size()));
    writer.u16(static_cast<std::uint16_t>(additionals.size() + (edns ? 1 : 0)));
    for (const auto& question : questions) {
        writer.name(question.name);
        writer.u16(static_cast<std::uint16_t>(question.type));
        writer.u16(question.klass);
    }
    write_records(writer, answers);
    write_records(writer, authorities);
    write_records(writer, additionals);
    if (edns) {
        write_opt(writer, *edns, rcode);
    }
    if (!writer.ok()) {
        return base::fail(base::Errc::invalid,
                          fmt::format("the DNS message is larger than {} octets", limit));
    }
    wire.resize(writer.size());
    return wire;
}

const Option* Message::option(OptionCode code) const
{
    if (!edns) {
        return nullptr;
    }
    for (const auto& each : edns->options) {
        if (each.code == code) {
            return &each;
        }
    }
    return nullptr;
}

std::vector<std::string> Message::answers_of(RecordType type) const
{
    std::vector<std::string> texts;
    for (const auto& record : answers) {
        if (record.type == type) {
            texts.push_back(plain_text(type, record.data));
        }
    }
    return texts;
}

}  // namespace dns
