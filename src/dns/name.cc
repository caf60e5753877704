#include "dns/name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace dns {

namespace {

base::Error bad_name(std::string_view text, std::string_view reason)
{
    return base::Error(base::Errc::invalid,
                       fmt::format("'{}' is not a DNS name: {}", text.substr(0, 80), reason));
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// The octet that the escape at `text[at]` stands for, or -1; `at` moves to its last character.
int unescape(std::string_view text, std::size_t& at)
{
    if (at + 1 >= text.size()) {
        return -1;
    }
    if (!is_digit(text[at + 1])) {
        return static_cast<std::uint8_t>(text[++at]);
    }
    if (at + 3 >= text.size() || !is_digit(text[at + 2]) || !is_digit(text[at + 3])) {
        return -1;
    }
    const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
    at += 3;
    return value <= 255 ? value : -1;
}

bool equal_ignoring_case(base::ByteView one, base::ByteView other)
{
    return std::ranges::equal(one, other,
                              [](std::uint8_t a, std::uint8_t b) { return to_lower(a) == to_lower(b); });
}

}  // namespace

base::Result<Name> Name::parse(std::string_view text)
{
    Name name;
    if (text.empty() || text == ".") {
        return name;
    }
    base::Bytes label;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '.') {
            if (!name.append(label)) {
                return base::fail(bad_name(text, "a label is empty or too long, or the name is too long"));
            }
            label.clear();
            continue;
        }
        const int octet = text[at] == '\\' ? unescape(text, at) : static_cast<std::uint8_t>(text[at]);
        if (octet < 0) {
            return base::fail(bad_name(text, "an escape is not complete"));
        }
        label.push_back(static_cast<std::uint8_t>(octet));
    }
    const bool final_dot = label.empty();
    if (!final_dot && !name.append(label)) {
        return base::fail(bad_name(text, "a label or the name is too long"));
    }
    return name;
}

std::string Name::text() const
{
    if (is_root()) {
        return ".";
    }
    std::string text;
    for (std::size_t at = 0; octets_[at] != 0; at += octets_[at] + 1U) {
        if (at > 0) {
            text += '.';
        }
        for (const std::uint8_t c : wire().subspan(at + 1, octets_[at])) {
            if (c == '.' || c == '\\') {
                text += '\\';
                text += static_cast<char>(c);
            } else if (c > 32 && c < 127) {
                text += static_cast<char>(c);
            } else {
                fmt::format_to(std::back_inserter(text), "\\{:03}", c);
            }
        }
    }
    return text;
}

std::size_t Name::label_count() const
{
    std::size_t count = 0;
    for (std::size_t at = 0; octets_[at] != 0; at += octets_[at] + 1U) {
        ++count;
    }
    return count;
}

bool Name::append(base::ByteView label)
{
    if (label.empty() || label.size() > longest_label || size_ + label.size() + 1 > longest) {
        return false;
    }
    octets_[size_ - 1U] = static_cast<std::uint8_t>(label.size());
    std::memcpy(octets_.data() + size_, label.data(), label.size());
    size_ = static_cast<std::uint8_t>(size_ + label.size() + 1);
    octets_[size_ - 1U] = 0;
    return true;
}

Name Name::parent() const
{
    Name parent;
    const std::size_t skip = octets_[0] + 1U;
    parent.size_ = static_cast<std::uint8_t>(size_ - skip);
    std::memcpy(parent.octets_.data(), octets_.data() + skip, parent.size_);
    return parent;
}

Name Name::lower() const
{
    Name lowered;
    lowered.size_ = size_;
    std::transform(octets_.begin(), octets_.begin() + size_, lowered.octets_.begin(), to_lower);
    return lowered;
}

bool Name::is_within(const Name& zone) const
{
    std::size_t at = 0;
    while (size_ - at > zone.size_) {
        at += octets_[at] + 1U;
    }
    return size_ - at == zone.size_ && equal_ignoring_case(wire().subspan(at), zone.wire());
}

bool Name::operator==(const Name& other) const
{
    return equal_ignoring_case(wire(), other.wire());
}

std::size_t Name::label_starts(std::array<std::uint8_t, 128>& starts) const
{
    std::size_t count = 0;
    for (std::size_t at = 0; octets_[at] != 0; at += octets_[at] + 1U) {
        starts[count++] = static_cast<std::uint8_t>(at);
    }
    return count;
}

std::strong_ordering Name::operator<=>(const Name& other) const
{
    std::array<std::uint8_t, 128> mine{};
    std::array<std::uint8_t, 128> theirs{};
    const std::size_t my_count = label_starts(mine);
    const std::size_t their_count = other.label_starts(theirs);
    for (std::size_t i = 1; i <= std::min(my_count, their_count); ++i) {
        const std::size_t a = mine[my_count - i];
        const std::size_t b = theirs[their_count - i];
        const auto left = wire().subspan(a + 1, octets_[a]);
        const auto right = other.wire().subspan(b + 1, other.octets_[b]);
        const auto by_lower = [](std::uint8_t x, std::uint8_t y) { return to_lower(x) <=> to_lower(y); };
        const auto order = std::lexicographical_compare_three_way(left.begin(), left.end(), right.begin(),
                                                                  right.end(), by_lower);
        if (order != 0) {
            return order;
        }
    }
    return my_count <=> their_count;
}

}  // namespace dns
