#include "nameserver/name_table.h"

#include "base/random.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace nameserver {

namespace {

constexpr std::size_t first_slots = 64;

std::uint64_t random_seed()
{
    std::uint64_t seed = 0;
    const auto octets = base::random_bytes(sizeof(seed));
    std::memcpy(&seed, octets.data(), sizeof(seed));
    return seed;
}

// Continues `state` with the octets of one label: eight at a time, multiply and rotate. Seeded, so that
// nobody can choose names that collide.
std::uint64_t mix(std::uint64_t state, base::ByteView label)
{
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15;
    while (!label.empty()) {
        const std::size_t count = std::min<std::size_t>(8, label.size());
        std::uint64_t chunk = 0;
        std::memcpy(&chunk, label.data(), count);
        state = std::rotl((state ^ chunk) * factor, 29);
        label = label.subspan(count);
    }
    return state;
}

}  // namespace

Suffixes::Suffixes(const dns::Name& name) : octets(name.wire())
{
    static const std::uint64_t seed = random_seed();
    for (std::size_t at = 0; octets[at] != 0; at += octets[at] + 1U) {
        start[count++] = static_cast<std::uint8_t>(at);
    }
    std::uint64_t state = seed;
    for (std::size_t i = count; i-- > 0;) {
        state = mix(state, octets.subspan(start[i], octets[start[i]] + 1U));
        hash[i] = static_cast<std::uint32_t>(state >> 32 ^ state);
    }
}

NameTable::NameTable() : slots_(nullptr), owned_(std::make_shared<Slots>(first_slots))
{
    slots_.store(owned_.get());
}

NameTable::~NameTable()
{
    for_each([](NameNode& node) { destroy(&node); });
}

NameNode* NameTable::removed()
{
    static NameNode mark;
    return &mark;
}

NameNode* NameTable::create(base::ByteView wire, std::uint32_t hash)
{
    void* const memory = ::operator new(sizeof(NameNode) + wire.size());
    auto* const node = new (memory) NameNode;
    std::memcpy(node + 1, wire.data(), wire.size());
    node->hash_ = hash;
    node->size_ = static_cast<std::uint8_t>(wire.size());
    return node;
}

void NameTable::destroy(NameNode* node)
{
    node->~NameNode();
    ::operator delete(node);
}

NameNode* NameTable::find(const Suffixes& name, std::size_t i) const
{
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    const base::ByteView wire = name.wire(i);
    for (std::size_t at = name.hash[i] & slots.mask;; at = (at + 1) & slots.mask) {
        NameNode* const node = slots.slot[at].load(std::memory_order_acquire);
        if (node == nullptr) {
            return nullptr;
        }
        if (node->hash_ == name.hash[i] && node->size_ == wire.size() &&
            std::memcmp(node + 1, wire.data(), wire.size()) == 0) {
            return node;
        }
    }
}

NameNode& NameTable::insert(const Suffixes& name, std::size_t i)
{
    make_room();
    NameNode* const node = create(name.wire(i), name.hash[i]);
    place(*owned_, node);
    ++size_;
    ++used_;
    return *node;
}

void NameTable::remove(const Suffixes& name, std::size_t i)
{
    NameNode* const node = find(name, i);
    for (std::size_t at = name.hash[i] & owned_->mask; node != nullptr; at = (at + 1) & owned_->mask) {
        if (owned_->slot[at].load(std::memory_order_relaxed) == node) {
            owned_->slot[at].store(removed(), std::memory_order_release);
            retire(std::shared_ptr<NameNode>(node, &NameTable::destroy));
            --size_;
            return;
        }
    }
}

void NameTable::place(Slots& slots, NameNode* node)
{
    std::size_t at = node->hash_ & slots.mask;
    while (slots.slot[at].load(std::memory_order_relaxed) != nullptr) {
        at = (at + 1) & slots.mask;
    }
    slots.slot[at].store(node, std::memory_order_release);
}

// At most five slots of eight are in use, so that a search that finds nothing ends soon. Nodes stay where
// they are.
void NameTable::make_room()
{
    if ((used_ + 1) * 8 <= (owned_->mask + 1) * 5) {
        return;
    }
    auto larger = std::make_shared<Slots>(std::bit_ceil(std::max(first_slots, (size_ + 1) * 2)));
    for_each([&larger](NameNode& node) { place(*larger, &node); });
    slots_.store(larger.get(), std::memory_order_release);
    retire(std::move(owned_));
    owned_ = std::move(larger);
    used_ = size_;
}

}  // namespace nameserver
