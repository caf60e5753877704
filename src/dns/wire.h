// Reader and Writer: the DNS wire format over memory that the caller owns. No allocation.
#pragma once

#include "dns/name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace dns {

// Reads a message from front to back. The error is sticky: after one, every read gives zero and ok() is
// false, so that one check at the end is enough.
class Reader {
public:
    explicit Reader(base::ByteView message) : message_(message) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    base::ByteView bytes(std::size_t count);
    // Follows compression pointers, each of which must point before the labels it continues: no loop is
    // possible (RFC 1035 4.1.4 says "prior occurrence").
    Name name();

    bool ok() const { return ok_; }
    bool at_end() const { return at_ == message_.size(); }
    // What was read since `offset`; empty after an error.
    base::ByteView since(std::size_t offset) const
    {
        return ok_ ? message_.subspan(offset, at_ - offset) : base::ByteView{};
    }
    std::size_t offset() const { return at_; }
    std::size_t remaining() const { return message_.size() - at_; }
    void fail() { ok_ = false; }
    // A reader of the next `count` octets that can still follow pointers into the whole message; this one
    // moves on.
    Reader section(std::size_t count);

private:
    base::ByteView message_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

// Writes a message into `buffer`. What does not fit is not written and makes ok() false; rewind() takes back
// to a mark.
class Writer {
public:
    explicit Writer(std::span<std::uint8_t> buffer) : buffer_(buffer), limit_(buffer.size()) {}

    void u8(std::uint8_t value);
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void bytes(base::ByteView data);
    // Compressed against the names written before (RFC 1035 4.1.4) when `compress`; only the same case, so
    // that none changes.
    void name(const Name& name, bool compress = true);
    // Writes over two octets that are there already.
    void patch_u16(std::size_t at, std::uint16_t value);

    // Keeps `count` octets at the end of the buffer free, e.g. for OPT. At most the buffer.
    void reserve(std::size_t count) { limit_ = buffer_.size() - std::min(count, buffer_.size()); }
    // Forgets all from `size` on, also a failure.
    void rewind(std::size_t size);

    bool ok() const { return ok_; }
    std::size_t size() const { return size_; }

private:
    static constexpr std::size_t remembered = 32;  // suffixes that can be pointed at; enough for our answers

    bool fits(std::size_t count);
    // Where `suffix` (uncompressed wire form) was written before; 0 when nowhere.
    std::uint16_t find(base::ByteView suffix) const;
    bool stands_at(base::ByteView suffix, std::size_t at) const;

    std::span<std::uint8_t> buffer_;
    std::size_t limit_;
    std::size_t size_ = 0;
    bool ok_ = true;
    std::array<std::uint16_t, remembered> suffixes_{};
    std::size_t suffix_count_ = 0;
};

}  // namespace dns
