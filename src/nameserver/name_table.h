// NameTable: names and what stands at them, read by every loop without locks while one writer changes it.
//
// Why not a copy a loop, or immutable shards: a million names would be held once per core, or copied a shard
// at a time for each change. Here a change is a few pointer stores. The rules (read-copy-update with
// quiescent states):
//   * Readers run on the loops of the server and keep no pointer from here beyond one run of a handler.
//   * One writer at a time. What readers might still look at is retired, not freed, until collect(), which
//   the writer calls
//     after each loop has run one more handler. The same round trip tells that every loop answers with the
//     new data.
// Open addressing with linear probing: a removed name leaves a mark that the next growth clears away.
#pragma once

#include "dns/name.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace nameserver {

struct Group;
class NameRecords;

// The hashes of a name and of all its ancestors, from one pass from the right. `name` is in lower case.
struct Suffixes {
    explicit Suffixes(const dns::Name& name);

    base::ByteView wire(std::size_t i) const { return octets.subspan(start[i]); }

    base::ByteView octets;
    std::size_t count = 0;                // labels; suffix i has count - i of them
    std::array<std::uint8_t, 128> start;  // where suffix i begins
    std::array<std::uint32_t, 128> hash;
};

// What stands at one name; changed in place by the writer.
class NameNode {
public:
    // The addresses of a group stand here (an alias, or the apex); null: none.
    std::atomic<const Group*> group{nullptr};
    // Everything else; null: nothing. Owned by the table's user.
    std::atomic<const NameRecords*> records{nullptr};
    // Names directly below. A name without data but with children is an empty non-terminal (RFC 8020).
    std::atomic<std::uint32_t> children{0};

    bool empty() const
    {
        return group.load() == nullptr && records.load() == nullptr && children.load() == 0;
    }

private:
    friend class NameTable;
    NameNode() = default;
    base::ByteView wire() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size_}; }

    std::uint32_t hash_ = 0;
    std::uint8_t size_ = 0;  // of the name, whose octets follow the node
};

class NameTable {
public:
    NameTable();
    NameTable(const NameTable&) = delete;
    NameTable& operator=(const NameTable&) = delete;
    ~NameTable();

    // Any reader, or the writer. Suffix `i` of `name`.
    NameNode* find(const Suffixes& name, std::size_t i) const;

    // Writer only. REQUIRES: not there yet.
    NameNode& insert(const Suffixes& name, std::size_t i);
    // Writer only. Keeps the node until collect().
    void remove(const Suffixes& name, std::size_t i);
    // Writer only: keeps `object` until collect().
    void retire(std::shared_ptr<const void> object) { retired_.push_back(std::move(object)); }
    // Writer only, after every reader has passed a quiescent state.
    void collect() { retired_.clear(); }

    std::size_t size() const { return size_; }
    template <class F>
    void for_each(F visit) const;

private:
    using Slot = std::atomic<NameNode*>;
    struct Slots {
        explicit Slots(std::size_t count) : mask(count - 1), slot(new Slot[count]()) {}
        std::size_t mask;
        std::unique_ptr<Slot[]> slot;
    };

    static NameNode* removed();
    static NameNode* create(base::ByteView wire, std::uint32_t hash);
    static void destroy(NameNode* node);
    static void place(Slots& slots, NameNode* node);
    void make_room();

    std::atomic<Slots*> slots_;
    std::shared_ptr<Slots> owned_;
    std::size_t size_ = 0;
    std::size_t used_ = 0;  // slots that are not free: names and marks of removed ones
    std::vector<std::shared_ptr<const void>> retired_;
};

template <class F>
void NameTable::for_each(F visit) const
{
    const Slots& slots = *slots_.load();
    for (std::size_t i = 0; i <= slots.mask; ++i) {
        if (NameNode* node = slots.slot[i].load(); node != nullptr && node != removed()) {
            visit(*node);
        }
    }
}

}  // namespace nameserver
