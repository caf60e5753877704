// A block of the index of names: which of its 4,096 lines have three given characters side by side. Written
// once, when the block is full, one row for each pair of characters. Internal to store/.
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace store {

inline constexpr std::int64_t lines_a_block = 4'096;

// A set of lines of a block.
class Places {
public:
    void set(std::size_t place) { words_[place / 64 % words_.size()] |= std::uint64_t{1} << (place % 64); }
    // Those of a bit for each line, the first in the lowest bit of the first octet.
    static Places of_bits(base::ByteView bits);
    bool any() const;
    std::size_t count() const;
    Places& operator&=(const Places& other);
    Places& operator|=(const Places& other);
    // As of_bits() reads them.
    void append_bits(base::Bytes& bytes) const;
    // Appends base + place of each, rising.
    void append_to(std::vector<std::int64_t>& numbers, std::int64_t base) const;

private:
    std::array<std::uint64_t, lines_a_block / 64> words_{};
};

// Three characters side by side; without a third, any. Or a tenant, which shares its row with others.
struct Gram {
    std::int64_t pair = 0;
    std::optional<std::uint8_t> third{};
    bool operator==(const Gram&) const = default;
};

// Those that a name with `text` in it has, the fewest that overlap first. REQUIRES: at least two characters.
std::vector<Gram> grams_of(std::string_view text);
Gram gram_of_tenant(std::string_view tenant);
// Whether names consist of such characters.
bool is_name_character(char character);

// However long names are, it holds no more than 512 octets for each three characters that names can have,
// 30 MB, and a million entries.
class NameBlock {
public:
    // `names` as JSON: what ends a name is a third character too. REQUIRES: place < lines_a_block.
    void add(std::size_t place, std::string_view tenant, std::string_view names);
    // By pair.
    std::map<std::int64_t, base::Bytes> rows();

private:
    void gather();  // moves the entries into the lists

    std::vector<std::uint64_t> entries_;     // pair, third and place in one number
    std::map<std::uint64_t, Places> lists_;  // by pair and third in one number
};

// What the row of the gram's pair says of it. A row that this program cannot read says nothing.
Places places_of(base::ByteView row, const Gram& gram);

}  // namespace store
