// Name: a domain name as it travels (RFC 1035 3.1), any octets in its labels.
//
// model::DomainName is what people type and we store; dns::Name is what is on the wire. Comparison ignores
// the case of ASCII letters (RFC 4343), the octets keep it (0x20). No allocation: the octets lie in the
// object.
#pragma once

#include "base/bytes.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace dns {

inline constexpr std::uint8_t to_lower(std::uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c;
}

class Name {
public:
    static constexpr std::size_t longest = 255;  // RFC 1035 2.3.4, with the root label
    static constexpr std::size_t longest_label = 63;

    Name() { octets_[0] = 0; }  // the root

    // "shop.example", with or without a final dot; \. \\ and \DDD escape. "" and "." are the root.
    static base::Result<Name> parse(std::string_view text);

    // Without final dot, escaped; "." for the root.
    std::string text() const;
    base::ByteView wire() const { return {octets_.data(), size_}; }
    std::size_t size() const { return size_; }
    bool is_root() const { return size_ == 1; }
    std::size_t label_count() const;

    // Adds a label before the root. False, and unchanged, when the label or the name would be too long or the
    // label is empty.
    bool append(base::ByteView label);
    // REQUIRES: not the root.
    Name parent() const;
    Name lower() const;
    // True when this name equals `zone` or lies below it.
    bool is_within(const Name& zone) const;

    bool operator==(const Name& other) const;
    // The canonical order of RFC 4034 6.1: by labels from the right.
    std::strong_ordering operator<=>(const Name& other) const;

private:
    std::size_t label_starts(std::array<std::uint8_t, 128>& starts) const;

    std::array<std::uint8_t, longest> octets_;
    std::uint8_t size_ = 1;
};

}  // namespace dns
