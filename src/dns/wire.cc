#include "dns/wire.h"

#include <cstring>

namespace dns {

namespace {

constexpr std::size_t farthest_pointer = 0x3fff;  // 14 bits

}  // namespace

std::uint8_t Reader::u8()
{
    const auto data = bytes(1);
    return data.empty() ? std::uint8_t{0} : data[0];
}

std::uint16_t Reader::u16()
{
    const auto data = bytes(2);
    return data.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>((data[0] << 8) | data[1]);
}

std::uint32_t Reader::u32()
{
    const std::uint32_t high = u16();
    return (high << 16) | u16();
}

base::ByteView Reader::bytes(std::size_t count)
{
    if (!ok_ || count > remaining()) {
        ok_ = false;
        return {};
    }
    const auto data = message_.subspan(at_, count);
    at_ += count;
    return data;
}

Name Reader::name()
{
    Name name;
    std::size_t at = at_;
    std::size_t segment = at_;  // where the labels being read began
    bool jumped = false;
    while (ok_) {
        if (at >= message_.size()) {
            break;
        }
        const std::uint8_t length = message_[at];
        if (length == 0) {
            at_ = jumped ? at_ : at + 1;
            return name;
        }
        if (length >= 0xc0) {
            if (at + 1 >= message_.size()) {
                break;
            }
            const std::size_t target = ((length & 0x3fU) << 8) | message_[at + 1];
            at_ = jumped ? at_ : at + 2;
            jumped = true;
            if (target >= segment) {
                break;
            }
            at = segment = target;
            continue;
        }
        if (length > Name::longest_label || at + 1 + length > message_.size() ||
            !name.append(message_.subspan(at + 1, length))) {
            break;
        }
        at += length + 1U;
    }
    ok_ = false;
    return {};
}

Reader Reader::section(std::size_t count)
{
    Reader part(message_.first(std::min(at_ + count, message_.size())));
    part.at_ = at_;
    part.ok_ = ok_ && count <= remaining();
    static_cast<void>(bytes(count));
    return part;
}

bool Writer::fits(std::size_t count)
{
    ok_ = ok_ && count <= limit_ && size_ <= limit_ - count;
    return ok_;
}

void Writer::u8(std::uint8_t value)
{
    if (fits(1)) {
        buffer_[size_++] = value;
    }
}

void Writer::u16(std::uint16_t value)
{
    if (fits(2)) {
        buffer_[size_++] = static_cast<std::uint8_t>(value >> 8);
        buffer_[size_++] = static_cast<std::uint8_t>(value);
    }
}

void Writer::u32(std::uint32_t value)
{
    if (fits(4)) {
        u16(static_cast<std::uint16_t>(value >> 16));
        u16(static_cast<std::uint16_t>(value));
    }
}

void Writer::bytes(base::ByteView data)
{
    if (fits(data.size()) && !data.empty()) {
        std::memcpy(buffer_.data() + size_, data.data(), data.size());
        size_ += data.size();
    }
}

void Writer::name(const Name& name, bool compress)
{
    base::ByteView rest = name.wire();
    while (ok_ && rest[0] != 0) {
        if (const std::uint16_t known = compress ? find(rest) : std::uint16_t{0}; known != 0) {
            return u16(static_cast<std::uint16_t>(0xc000U | known));
        }
        if (size_ > 0 && size_ <= farthest_pointer && suffix_count_ < remembered) {
            suffixes_[suffix_count_++] = static_cast<std::uint16_t>(size_);
        }
        bytes(rest.first(rest[0] + 1U));
        rest = rest.subspan(rest[0] + 1U);
    }
    u8(0);
}

void Writer::patch_u16(std::size_t at, std::uint16_t value)
{
    if (at + 2 <= size_) {
        buffer_[at] = static_cast<std::uint8_t>(value >> 8);
        buffer_[at + 1] = static_cast<std::uint8_t>(value);
    }
}

void Writer::rewind(std::size_t size)
{
    size_ = std::min(size_, size);
    ok_ = true;
    while (suffix_count_ > 0 && suffixes_[suffix_count_ - 1] >= size_) {
        --suffix_count_;
    }
}

std::uint16_t Writer::find(base::ByteView suffix) const
{
    for (std::size_t i = 0; i < suffix_count_; ++i) {
        if (stands_at(suffix, suffixes_[i])) {
            return suffixes_[i];
        }
    }
    return 0;
}

bool Writer::stands_at(base::ByteView suffix, std::size_t at) const
{
    std::size_t i = 0;
    while (at < size_) {
        const std::uint8_t length = buffer_[at];
        if (length >= 0xc0) {
            at = ((length & 0x3fU) << 8) | buffer_[at + 1];
            continue;
        }
        if (length != suffix[i]) {
            return false;
        }
        if (length == 0) {
            return true;
        }
        if (at + 1 + length > size_) {
            return false;
        }
        if (std::memcmp(buffer_.data() + at + 1, suffix.data() + i + 1, length) != 0) {
            return false;
        }
        at += length + 1U;
        i += length + 1U;
    }
    return false;
}

}  // namespace dns
