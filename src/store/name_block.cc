// A row is a list of: third character, number of places (two octets), and the places (two octets each,
// rising) or, from 256 on, a bit for each line of the block. Numbers are little-endian.
#include "store/name_block.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace store {

namespace {

constexpr std::size_t bitmap_from = 256;
constexpr std::size_t bitmap_size = lines_a_block / 8;
constexpr std::int64_t tenant_pairs = 0x10000;  // Above every pair of characters.
constexpr std::uint64_t tenant_rows = 256;
constexpr std::uint64_t place_bits = 12;
constexpr std::uint64_t third_bits = 8;
constexpr std::size_t most_entries = 1'000'000;

std::uint8_t octet(char character)
{
    return static_cast<std::uint8_t>(character);
}

std::int64_t pair_of(char first, char second)
{
    return (std::int64_t{octet(first)} << 8) | octet(second);
}

void append_number(base::Bytes& row, std::size_t number)
{
    row.push_back(static_cast<std::uint8_t>(number));
    row.push_back(static_cast<std::uint8_t>(number >> 8));
}

std::size_t number_at(base::ByteView row, std::size_t at)
{
    return row[at] | (std::size_t{row[at + 1]} << 8);
}

void append_list(base::Bytes& row, std::uint8_t third, const Places& places)
{
    const auto count = places.count();
    row.push_back(third);
    append_number(row, count);
    if (count >= bitmap_from) {
        places.append_bits(row);
        return;
    }
    std::vector<std::int64_t> numbers;
    places.append_to(numbers, 0);
    for (const auto place : numbers) {
        append_number(row, static_cast<std::size_t>(place));
    }
}

Places places_in(base::ByteView list, std::size_t count)
{
    if (count >= bitmap_from) {
        return Places::of_bits(list);
    }
    Places places;
    for (std::size_t i = 0; i < count; ++i) {
        places.set(number_at(list, 2 * i));
    }
    return places;
}

}  // namespace

// Octets of words are those of a bitmap.
static_assert(std::endian::native == std::endian::little);

Places Places::of_bits(base::ByteView bits)
{
    Places places;
    std::memcpy(places.words_.data(), bits.data(), std::min(bits.size(), sizeof(places.words_)));
    return places;
}

bool Places::any() const
{
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
}

std::size_t Places::count() const
{
    std::size_t count = 0;
    for (const auto word : words_) {
        count += static_cast<std::size_t>(std::popcount(word));
    }
    return count;
}

Places& Places::operator&=(const Places& other)
{
    for (std::size_t at = 0; at < words_.size(); ++at) {
        words_[at] &= other.words_[at];
    }
    return *this;
}

Places& Places::operator|=(const Places& other)
{
    for (std::size_t at = 0; at < words_.size(); ++at) {
        words_[at] |= other.words_[at];
    }
    return *this;
}

void Places::append_bits(base::Bytes& bytes) const
{
    const auto at = bytes.size();
    bytes.resize(at + sizeof(words_));
    std::memcpy(bytes.data() + at, words_.data(), sizeof(words_));
}

void Places::append_to(std::vector<std::int64_t>& numbers, std::int64_t base) const
{
    for (std::size_t at = 0; at < words_.size(); ++at) {
        for (auto word = words_[at]; word != 0; word &= word - 1) {
            numbers.push_back(base + static_cast<std::int64_t>(at) * 64 + std::countr_zero(word));
        }
    }
}

bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '-' || character == '.' || character == '_' || character == '*';
}

std::vector<Gram> grams_of(std::string_view text)
{
    std::vector<Gram> grams;
    if (text.size() == 2) {
        grams.push_back({.pair = pair_of(text[0], text[1])});
    }
    for (std::size_t first = 0; first < 3; ++first) {
        for (std::size_t at = first; at + 2 < text.size(); at += 3) {
            const Gram gram{.pair = pair_of(text[at], text[at + 1]), .third = octet(text[at + 2])};
            if (std::ranges::find(grams, gram) == grams.end()) {
                grams.push_back(gram);
            }
        }
    }
    return grams;
}

Gram gram_of_tenant(std::string_view tenant)
{
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, which is the same in every program.
    for (const char each : tenant) {
        hash = (hash ^ octet(each)) * 0x100000001b3;
    }
    return {.pair = tenant_pairs + static_cast<std::int64_t>(hash % tenant_rows)};
}

void NameBlock::add(std::size_t place, std::string_view tenant, std::string_view names)
{
    const auto note = [&](std::int64_t pair, std::uint8_t third) {
        entries_.push_back((static_cast<std::uint64_t>(pair) << (third_bits + place_bits)) |
                           (std::uint64_t{third} << place_bits) | place);
    };
    note(gram_of_tenant(tenant).pair, 0);
    for (std::size_t at = 0; at + 2 < names.size(); ++at) {
        if (is_name_character(names[at]) && is_name_character(names[at + 1])) {
            note(pair_of(names[at], names[at + 1]), octet(names[at + 2]));
        }
    }
    if (entries_.size() >= most_entries) {
        gather();
    }
}

void NameBlock::gather()
{
    std::ranges::sort(entries_);
    auto list = lists_.end();
    for (const auto entry : entries_) {
        const auto gram = entry >> place_bits;
        if (list == lists_.end() || list->first != gram) {
            list = lists_.try_emplace(gram).first;
        }
        list->second.set(entry & (lines_a_block - 1));
    }
    entries_.clear();
}

std::map<std::int64_t, base::Bytes> NameBlock::rows()
{
    gather();
    std::map<std::int64_t, base::Bytes> rows;
    for (const auto& [gram, places] : lists_) {
        append_list(rows[static_cast<std::int64_t>(gram >> third_bits)], static_cast<std::uint8_t>(gram),
                    places);
    }
    return rows;
}

Places places_of(base::ByteView row, const Gram& gram)
{
    constexpr std::size_t head = 3;
    Places places;
    while (row.size() >= head) {
        const auto count = number_at(row, 1);
        const auto length = count < bitmap_from ? 2 * count : bitmap_size;
        if (row.size() < head + length) {
            break;
        }
        if (!gram.third || *gram.third == row.front()) {
            places |= places_in(row.subspan(head, length), count);
        }
        row = row.subspan(head + length);
    }
    return places;
}

}  // namespace store
