#include "dns/tsig.h"

#include "crypto/digest.h"
#include "dns/message.h"
#include "dns/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace dns {

namespace {

constexpr std::uint16_t type_tsig = 250;
constexpr std::uint16_t fudge = 300;  // seconds (RFC 8945 10)
constexpr std::size_t additional_count_at = 10;
constexpr std::size_t longest_secret = 512;

enum TsigError : std::uint16_t { bad_sig = 16, bad_key = 17, bad_time = 18 };

// The record's fields in the order in which they travel.
struct Tsig {
    Name key;
    Name algorithm;
    std::uint64_t time = 0;
    std::uint16_t fudge = 0;
    base::Bytes mac;
    std::uint16_t original_id = 0;
    std::uint16_t error = 0;
    base::Bytes other;
};

base::Error failed(std::string_view code, std::string message, std::string_view fix)
{
    return base::Error(base::Errc::unauthorized, std::move(message))
        .with_code(std::string(code))
        .with_fix(std::string(fix));
}

base::Error error_of(std::uint16_t error, const TsigKey& key)
{
    const auto name = key.name.text();
    switch (error) {
        case bad_sig:
            return failed("tsig_badsig", "the signature with the key " + name + " is wrong",
                          "See that both sides have the same secret for this key.");
        case bad_key:
            return failed(
                "tsig_badkey",
                fmt::format("the key {} ({}) is not known there", name, crypto::to_string(key.digest)),
                "See that the server has a key of this name and algorithm.");
        case bad_time:
            return failed("tsig_badtime", "the clocks of both sides are too far apart",
                          "Set the clocks of both machines (NTP).");
        default:
            return failed("tsig_badsig", fmt::format("the server reports TSIG error {}", error),
                          "See the server's log.");
    }
}

void write_u48(Writer& writer, std::uint64_t value)
{
    writer.u16(static_cast<std::uint16_t>(value >> 32));
    writer.u32(static_cast<std::uint32_t>(value));
}

// What the MAC covers beside the message (RFC 8945 4.3.3).
void write_variables(Writer& writer, const Tsig& tsig)
{
    writer.name(tsig.key.lower(), false);
    writer.u16(class_any);
    writer.u32(0);
    writer.name(tsig.algorithm.lower(), false);
    write_u48(writer, tsig.time);
    writer.u16(tsig.fudge);
    writer.u16(tsig.error);
    writer.u16(static_cast<std::uint16_t>(tsig.other.size()));
    writer.bytes(tsig.other);
}

base::Result<base::Bytes> mac_of(base::ByteView message, const Tsig& tsig, const TsigKey& key,
                                 base::ByteView request_mac)
{
    base::Bytes covered(message.size() + request_mac.size() + tsig.other.size() + 2 * Name::longest + 32);
    Writer writer(covered);
    if (!request_mac.empty()) {
        writer.u16(static_cast<std::uint16_t>(request_mac.size()));
        writer.bytes(request_mac);
    }
    writer.bytes(message);
    write_variables(writer, tsig);
    return crypto::hmac(key.digest, key.secret, base::ByteView(covered).first(writer.size()));
}

void write_record(Writer& writer, const Tsig& tsig)
{
    writer.name(tsig.key, false);
    writer.u16(type_tsig);
    writer.u16(class_any);
    writer.u32(0);
    const auto length_at = writer.size();
    writer.u16(0);
    writer.name(tsig.algorithm, false);
    write_u48(writer, tsig.time);
    writer.u16(tsig.fudge);
    writer.u16(static_cast<std::uint16_t>(tsig.mac.size()));
    writer.bytes(tsig.mac);
    writer.u16(tsig.original_id);
    writer.u16(tsig.error);
    writer.u16(static_cast<std::uint16_t>(tsig.other.size()));
    writer.bytes(tsig.other);
    writer.patch_u16(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
}

// Moves past everything but the last record; false when there is none.
bool skip_to_last(Reader& reader)
{
    reader.bytes(4);
    const unsigned questions = reader.u16();
    unsigned records = reader.u16();
    records += reader.u16();
    const unsigned additionals = reader.u16();
    if (additionals == 0) {
        return false;
    }
    for (unsigned i = 0; i < questions && reader.ok(); ++i) {
        static_cast<void>(reader.name());
        reader.bytes(4);
    }
    for (unsigned i = 0; i + 1 < records + additionals && reader.ok(); ++i) {
        static_cast<void>(reader.name());
        reader.bytes(8);
        reader.bytes(reader.u16());
    }
    return reader.ok();
}

// Empty when the message ends with anything else; `starts` is where the record does.
std::optional<Tsig> read_record(base::ByteView wire, std::size_t& starts)
{
    Reader reader(wire);
    if (!skip_to_last(reader)) {
        return std::nullopt;
    }
    starts = reader.offset();
    Tsig tsig;
    tsig.key = reader.name();
    if (reader.u16() != type_tsig || reader.u16() != class_any) {
        return std::nullopt;
    }
    reader.u32();
    reader.u16();
    tsig.algorithm = reader.name();
    tsig.time = std::uint64_t(reader.u16()) << 32;
    tsig.time |= reader.u32();
    tsig.fudge = reader.u16();
    const auto mac = reader.bytes(reader.u16());
    tsig.mac.assign(mac.begin(), mac.end());
    tsig.original_id = reader.u16();
    tsig.error = reader.u16();
    const auto other = reader.bytes(reader.u16());
    tsig.other.assign(other.begin(), other.end());
    return reader.ok() && reader.at_end() ? std::optional(std::move(tsig)) : std::nullopt;
}

void add_to_count(base::Bytes& wire, std::size_t at, int difference)
{
    const int count = (wire[at] << 8 | wire[at + 1]) + difference;
    wire[at] = static_cast<std::uint8_t>(count >> 8);
    wire[at + 1] = static_cast<std::uint8_t>(count);
}

std::uint64_t seconds(base::Time time)
{
    return static_cast<std::uint64_t>(base::to_millis(time)) / 1'000;
}

// The words of BIND's form, without punctuation.
std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> words;
    std::string word;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '{' || c == '}' ||
            c == ';') {
            if (!word.empty()) {
                words.push_back(std::move(word));
            }
            word.clear();
        } else {
            word += c;
        }
    }
    if (!word.empty()) {
        words.push_back(std::move(word));
    }
    return words;
}

base::Result<TsigKey> make_key(const std::string& algorithm, const std::string& name,
                               const std::string& secret)
{
    const auto invalid = [](std::string message) {
        return base::fail(
            base::Error(base::Errc::invalid, std::move(message))
                .with_code("tsig_key_invalid")
                .with_fix("Write one line hmac-sha256:NAME:BASE64, or what tsig-keygen prints."));
    };
    TsigKey key;
    const auto digest = crypto::hmac_digest_from(algorithm);
    if (!digest) {
        return invalid(fmt::format("'{}' is no algorithm of TSIG keys", algorithm.substr(0, 40)));
    }
    key.digest = *digest;
    auto parsed = Name::parse(name);
    if (!parsed || parsed->is_root()) {
        return invalid(fmt::format("'{}' is no name of a TSIG key", name.substr(0, 80)));
    }
    key.name = parsed->lower();
    auto octets = base::from_base64(secret);
    if (!octets || octets->empty() || octets->size() > longest_secret) {
        return invalid("the secret of the TSIG key is not base64");
    }
    key.secret = std::move(*octets);
    return key;
}

}  // namespace

base::Result<TsigKey> parse_tsig_key(std::string_view text)
{
    const auto words = words_of(text);
    for (const auto& word : words) {
        const auto first = word.find(':');
        const auto second = word.find(':', first + 1);
        if (first != std::string::npos && second != std::string::npos &&
            crypto::hmac_digest_from(word.substr(0, first))) {
            return make_key(word.substr(0, first), word.substr(first + 1, second - first - 1),
                            word.substr(second + 1));
        }
    }
    std::string algorithm;
    std::string secret;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        algorithm = words[i] == "algorithm" ? words[i + 1] : algorithm;
        secret = words[i] == "secret" ? words[i + 1] : secret;
    }
    const bool bind = words.size() > 1 && words[0] == "key";
    return make_key(algorithm, bind ? words[1] : std::string(), secret);
}

base::Result<Signed> sign(base::ByteView wire, const TsigKey& key, base::Time now, base::ByteView request_mac)
{
    if (wire.size() < header_size) {
        return base::fail(base::Errc::invalid, "a DNS message has at least 12 octets");
    }
    Tsig tsig;
    tsig.key = key.name;
    TRY(algorithm, Name::parse(crypto::to_string(key.digest)));
    tsig.algorithm = algorithm;
    tsig.time = seconds(now);
    tsig.fudge = fudge;
    tsig.original_id = static_cast<std::uint16_t>(wire[0] << 8 | wire[1]);
    TRY(mac, mac_of(wire, tsig, key, request_mac));
    tsig.mac = std::move(mac);
    base::Bytes made(wire.begin(), wire.end());
    const auto before = made.size();
    made.resize(before + 2 * Name::longest + tsig.mac.size() + 32);
    Writer writer(std::span(made).subspan(before));
    write_record(writer, tsig);
    made.resize(before + writer.size());
    add_to_count(made, additional_count_at, 1);
    return Signed{std::move(made), std::move(tsig.mac)};
}

base::Result<Signed> verify(base::ByteView wire, const TsigKey& key, base::Time now,
                            base::ByteView request_mac)
{
    std::size_t starts = 0;
    const auto tsig = read_record(wire, starts);
    if (!tsig) {
        return base::fail(failed("tsig_missing", "the message has no signature",
                                 "See that the server has the key " + key.name.text() + "."));
    }
    if (tsig->mac.empty() && tsig->error != 0) {
        return base::fail(error_of(tsig->error, key));
    }
    if (!(tsig->key == key.name) || tsig->algorithm.lower().text() != crypto::to_string(key.digest)) {
        return base::fail(error_of(bad_key, key));
    }
    base::Bytes bare(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(starts));
    add_to_count(bare, additional_count_at, -1);
    bare[0] = static_cast<std::uint8_t>(tsig->original_id >> 8);
    bare[1] = static_cast<std::uint8_t>(tsig->original_id);
    TRY(expected, mac_of(bare, *tsig, key, request_mac));
    if (!crypto::equal_secret(expected, tsig->mac)) {
        return base::fail(error_of(bad_sig, key));
    }
    if (tsig->error != 0) {
        return base::fail(error_of(tsig->error, key));
    }
    const auto clock = seconds(now);
    const auto apart = clock > tsig->time ? clock - tsig->time : tsig->time - clock;
    if (apart > tsig->fudge) {
        return base::fail(error_of(bad_time, key));
    }
    return Signed{std::move(bare), tsig->mac};
}

}  // namespace dns
