#include "dns/rdata.h"

#include "dns/layout.h"
#include "dns/svcb_text.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace dns {

namespace {

namespace ip = boost::asio::ip;

void append(base::Bytes& out, base::ByteView data)
{
    out.insert(out.end(), data.begin(), data.end());
}

std::size_t fixed_size(char field)
{
    switch (field) {
        case '4':
            return 4;
        case '6':
            return 16;
        case 'b':
            return 1;
        case 's':
            return 2;
        default:
            return 4;
    }
}

// One character-string with its length octet.
base::ByteView read_string(Reader& reader)
{
    const std::size_t at = reader.offset();
    static_cast<void>(reader.bytes(reader.u8()));
    return reader.since(at);
}

void read_field(Reader& reader, char field, base::Bytes& out)
{
    switch (field) {
        case 'n':
        case 'N': {
            const Name name = reader.name();
            return append(out, name.wire());
        }
        case 'c':
        case 'k':
            return append(out, read_string(reader));
        case 'C':
            do {
                append(out, read_string(reader));
            } while (reader.ok() && !reader.at_end());
            return;
        case 'p': {
            const auto params = reader.bytes(reader.remaining());
            if (!svc_params_text(params)) {
                reader.fail();
            }
            return append(out, params);
        }
        case 'v':
        case 'x':
            return append(out, reader.bytes(reader.remaining()));
        default:
            return append(out, reader.bytes(fixed_size(field)));
    }
}

std::string quoted(base::ByteView data)
{
    std::string text = "\"";
    for (const std::uint8_t c : data) {
        if (c == '"' || c == '\\') {
            text += '\\';
            text += static_cast<char>(c);
        } else if (c >= 32 && c < 127) {
            text += static_cast<char>(c);
        } else {
            fmt::format_to(std::back_inserter(text), "\\{:03}", c);
        }
    }
    return text + "\"";
}

std::string address_text(base::ByteView data)
{
    if (data.size() == 4) {
        ip::address_v4::bytes_type octets{};
        std::ranges::copy(data, octets.begin());
        return ip::address_v4(octets).to_string();
    }
    ip::address_v6::bytes_type octets{};
    std::ranges::copy(data, octets.begin());
    return ip::address_v6(octets).to_string();
}

std::string name_text(const Name& name, bool absolute)
{
    return !absolute ? name.lower().text() : name.is_root() ? "." : name.text() + ".";
}

std::string params_text(Reader& reader)
{
    auto text = svc_params_text(reader.bytes(reader.remaining()));
    return text ? *text : (reader.fail(), std::string());
}

std::string field_text(Reader& reader, char field, bool absolute)
{
    switch (field) {
        case '4':
            return address_text(reader.bytes(4));
        case '6':
            return reader.remaining() >= 16 ? address_text(reader.bytes(16)) : (reader.fail(), std::string());
        case 'n':
        case 'N':
            return name_text(reader.name(), absolute);
        case 'b':
            return fmt::to_string(reader.u8());
        case 's':
            return fmt::to_string(reader.u16());
        case 'i':
            return fmt::to_string(reader.u32());
        case 'k':
            return std::string(base::as_text(reader.bytes(reader.u8())));
        case 'v':
            return quoted(reader.bytes(reader.remaining()));
        case 'x':
            return base::to_hex(reader.bytes(reader.remaining()));
        case 'p':
            return params_text(reader);
        default:
            return quoted(reader.bytes(reader.u8()));
    }
}

std::string opaque_text(base::ByteView data)
{
    return data.empty() ? "\\# 0" : fmt::format("\\# {} {}", data.size(), base::to_hex(data));
}

}  // namespace

std::string_view layout_of(RecordType type)
{
    switch (type) {
        case RecordType::a:
            return "4";
        case RecordType::aaaa:
            return "6";
        case RecordType::ns:
        case RecordType::cname:
        case RecordType::ptr:
            return "n";
        case RecordType::soa:
            return "nniiiii";
        case RecordType::mx:
            return "sn";
        case RecordType::srv:
            return "sssN";
        case RecordType::hinfo:
            return "cc";
        case RecordType::txt:
            return "C";
        case RecordType::caa:
            return "bkv";
        case RecordType::naptr:
            return "sscccN";
        case RecordType::dname:
            return "N";
        case RecordType::ds:
            return "sbbx";
        case RecordType::sshfp:
            return "bbx";
        case RecordType::tlsa:
            return "bbbx";
        case RecordType::svcb:
        case RecordType::https:
            return "sNp";
        default:
            return "";
    }
}

base::Bytes read_data(Reader& reader, RecordType type, std::size_t length)
{
    Reader part = reader.section(length);
    if (!part.ok()) {
        return {};
    }
    base::Bytes data;
    const std::string_view layout = layout_of(type);
    if (layout.empty() || length == 0) {
        append(data, part.bytes(length));
        return data;
    }
    for (const char field : layout) {
        read_field(part, field, data);
    }
    if (!part.ok() || !part.at_end()) {
        reader.fail();
        return {};
    }
    return data;
}

void write_data(Writer& writer, RecordType type, base::ByteView data)
{
    if (!has_compressible_names(type)) {
        return writer.bytes(data);
    }
    const std::string_view layout = layout_of(type);
    Reader reader(data);
    for (const char field : layout) {
        if (field == 'n') {
            const Name name = reader.name();
            if (reader.ok()) {
                writer.name(name);
            }
        } else {
            writer.bytes(reader.bytes(fixed_size(field)));
        }
    }
}

bool has_layout(RecordType type)
{
    return !layout_of(type).empty();
}

bool has_compressible_names(RecordType type)
{
    return layout_of(type).find('n') != std::string_view::npos;
}

namespace {

std::string text_of(RecordType type, base::ByteView data, bool absolute)
{
    const std::string_view layout = layout_of(type);
    Reader reader(data);
    std::string text;
    for (const char field : layout) {
        do {
            const std::string part = field_text(reader, field, absolute);
            text += text.empty() || (field == 'p' && part.empty()) ? "" : " ";
            text += part;
        } while (field == 'C' && reader.ok() && !reader.at_end());
    }
    return layout.empty() || !reader.ok() || !reader.at_end() ? opaque_text(data) : text;
}

}  // namespace

std::string data_text(RecordType type, base::ByteView data)
{
    return text_of(type, data, false);
}

std::string master_data(RecordType type, base::ByteView data)
{
    return text_of(type, data, true);
}

std::string plain_text(RecordType type, base::ByteView data)
{
    if (type != RecordType::txt) {
        return data_text(type, data);
    }
    std::string joined;
    Reader reader(data);
    while (reader.ok() && !reader.at_end()) {
        joined += base::as_text(reader.bytes(reader.u8()));
    }
    return joined;
}

}  // namespace dns
