// ZoneData: all that the name server answers with, kept by changes of the feed.
//
// Memory for one name is a node (name_table.h); addresses are kept once a group, so that a change of a
// group's addresses is one pointer store however many aliases it has. Thread rule: that of NameTable; apply()
// and collect() are the writer's.
#pragma once

#include "feed/entries.h"
#include "nameserver/name_records.h"
#include "nameserver/name_table.h"

#include <memory>
#include <string>
#include <vector>

namespace nameserver {

// The addresses of an edge group. `sets` is replaced when they change; null: none.
struct Group {
    std::atomic<const NameRecords*> sets{nullptr};
};

struct ZoneApex {
    struct Server {
        dns::Name name;
        bool inside = false;  // of the zone: its addresses stand here
    };
    dns::Name name;
    std::uint32_t hash = 0;
    std::uint8_t labels = 0;
    std::vector<Server> servers;
    dns::Name primary;
    dns::Name hostmaster;
    std::uint32_t refresh = 0;
    std::uint32_t retry = 0;
    std::uint32_t expire = 0;
    std::uint32_t negative_ttl = 0;
    std::uint32_t ttl = 0;
};

// Zones by the hash of their apex, open addressing; replaced as a whole.
class ZoneIndex {
public:
    explicit ZoneIndex(std::span<const std::shared_ptr<const ZoneApex>> zones);
    const ZoneApex* find(const Suffixes& name, std::size_t i) const;

private:
    std::vector<const ZoneApex*> slots_;
};

class ZoneData {
public:
    ZoneData();
    ~ZoneData();
    ZoneData(const ZoneData&) = delete;
    ZoneData& operator=(const ZoneData&) = delete;

    // Writer: takes the changes in. Readers see each name change as a whole, a snapshot at its last batch.
    void apply(const feed::Batch& batch);
    // Writer, after all readers have passed a quiescent state: frees what the changes replaced.
    void collect();

    // One consistent view for one question.
    class View;
    View view() const;
    // The serial number of every zone: the revision reached (mod 2^32, RFC 1982).
    std::uint32_t serial() const { return serial_.load(std::memory_order_relaxed); }
    std::size_t names() const;

private:
    struct Tables;

    std::atomic<const Tables*> current_;
    std::unique_ptr<Tables> owned_;
    std::unique_ptr<Tables> incoming_;  // a snapshot on its way
    std::vector<std::unique_ptr<Tables>> replaced_;
    std::atomic<std::uint32_t> serial_{0};
};

class ZoneData::View {
public:
    explicit View(const Tables& tables) : tables_(tables) {}
    // The most specific zone that holds suffix `from` of the name; null: none of ours.
    const ZoneApex* zone_of(const Suffixes& name, std::size_t from = 0) const;
    const NameNode* find(const Suffixes& name, std::size_t i) const;
    // Whether anything is delegated to others.
    bool delegates() const;

private:
    const Tables& tables_;
};

}  // namespace nameserver
