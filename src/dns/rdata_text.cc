// From the presentation form of record data to its wire form.
#include "dns/layout.h"
#include "dns/rdata.h"
#include "dns/svcb_text.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace dns {

namespace {

namespace ip = boost::asio::ip;

base::Error bad_data(RecordType type, std::string_view text)
{
    return base::Error(base::Errc::invalid, fmt::format("'{}' is not the data of a {} record",
                                                        text.substr(0, 80), to_string(type)));
}

// Cuts presentation form into words: bare, or quoted with \" \\ and \DDD.
class Words {
public:
    explicit Words(std::string_view text) : rest_(text) { skip_blanks(); }

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }
    // Nothing when there is none, or a quote or an escape is not closed.
    std::optional<std::string> next();

private:
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
    std::optional<char> unescape();

    std::string_view rest_;
};

std::optional<char> Words::unescape()
{
    rest_.remove_prefix(1);
    if (rest_.empty()) {
        return std::nullopt;
    }
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + std::min<std::size_t>(3, rest_.size()), value);
    if (error == std::errc() && end == rest_.data() + 3 && value <= 255) {
        rest_.remove_prefix(3);
        return static_cast<char>(value);
    }
    const char c = rest_.front();
    if (c >= '0' && c <= '9') {
        return std::nullopt;
    }
    rest_.remove_prefix(1);
    return c;
}

std::optional<std::string> Words::next()
{
    if (rest_.empty()) {
        return std::nullopt;
    }
    const bool in_quotes = rest_.front() == '"';
    rest_.remove_prefix(in_quotes ? 1 : 0);
    std::string word;
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (in_quotes ? c == '"' : (c == ' ' || c == '\t')) {
            break;
        }
        if (c == '\\') {
            const auto octet = unescape();
            if (!octet) {
                return std::nullopt;
            }
            word += *octet;
            continue;
        }
        word += c;
        rest_.remove_prefix(1);
    }
    if (in_quotes) {
        if (rest_.empty()) {
            return std::nullopt;
        }
        rest_.remove_prefix(1);
    }
    skip_blanks();
    return word;
}

bool put_number(base::Bytes& out, std::string_view word, std::size_t octets)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value >> (8 * octets) != 0) {
        return false;
    }
    for (std::size_t i = octets; i-- > 0;) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return true;
}

bool put_string(base::Bytes& out, std::string_view word)
{
    if (word.size() > 255) {
        return false;
    }
    out.push_back(static_cast<std::uint8_t>(word.size()));
    const auto octets = base::as_bytes(word);
    out.insert(out.end(), octets.begin(), octets.end());
    return true;
}

bool put_address(base::Bytes& out, std::string_view word, bool v6)
{
    boost::system::error_code failure;
    if (v6) {
        const auto octets = ip::make_address_v6(std::string(word), failure).to_bytes();
        out.insert(out.end(), octets.begin(), octets.end());
    } else {
        const auto octets = ip::make_address_v4(std::string(word), failure).to_bytes();
        out.insert(out.end(), octets.begin(), octets.end());
    }
    return !failure;
}

bool put_field(base::Bytes& out, char field, std::string_view word)
{
    switch (field) {
        case '4':
            return put_address(out, word, false);
        case '6':
            return put_address(out, word, true);
        case 'b':
            return put_number(out, word, 1);
        case 's':
            return put_number(out, word, 2);
        case 'i':
            return put_number(out, word, 4);
        case 'v': {
            const auto octets = base::as_bytes(word);
            out.insert(out.end(), octets.begin(), octets.end());
            return true;
        }
        case 'x': {
            const auto octets = base::from_hex(word);
            if (octets) {
                out.insert(out.end(), octets->begin(), octets->end());
            }
            return octets.has_value();
        }
        case 'n':
        case 'N': {
            const auto name = Name::parse(word);
            if (name) {
                out.insert(out.end(), name->wire().begin(), name->wire().end());
            }
            return name.has_value();
        }
        default:
            return put_string(out, word);
    }
}

// The last field of SVCB: quotes stand within words there.
base::Result<base::Bytes> with_params(RecordType type, std::string_view text, base::Bytes data,
                                      std::string_view params)
{
    const auto wire = parse_svc_params(params);
    if (!wire || data.size() + wire->size() > 65'535) {
        return base::fail(bad_data(type, text));
    }
    data.insert(data.end(), wire->begin(), wire->end());
    return data;
}

base::Result<base::Bytes> parse_opaque(RecordType type, std::string_view text)
{
    Words words(text);
    const auto mark = words.next();
    const auto length = words.next();
    if (!mark || !length) {
        return base::fail(bad_data(type, text));
    }
    std::string hex;
    while (auto word = words.next()) {
        hex += *word;
    }
    auto data = base::from_hex(hex);
    if (!data || fmt::to_string(data->size()) != *length) {
        return base::fail(bad_data(type, text));
    }
    return data;
}

}  // namespace

base::Result<base::Bytes> parse_data(RecordType type, std::string_view text)
{
    const std::string_view layout = layout_of(type);
    if (layout.empty() || text.starts_with("\\#")) {
        return text.starts_with("\\#") ? parse_opaque(type, text) : base::fail(bad_data(type, text));
    }
    base::Bytes data;
    Words words(text);
    for (const char field : layout) {
        if (field == 'p') {
            return with_params(type, text, std::move(data), words.rest());
        }
        do {
            const auto word = words.next();
            if (!word || !put_field(data, field, *word)) {
                return base::fail(bad_data(type, text));
            }
        } while ((field == 'C' || field == 'x') && !words.empty());
    }
    if (!words.empty() || data.size() > 65'535) {
        return base::fail(bad_data(type, text));
    }
    return data;
}

}  // namespace dns
