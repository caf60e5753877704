// ZoneData: all that the name server answers with, kept by changes of the feed.
//
// Memory for one name is a node (name_table.h); addresses are kept once a group, so that a change of a
// group's addresses is one pointer store however many aliases it has. Thread rule: that of NameTable; apply()
// and collect() are the writer's.
#pragma once

#include "dns/message.h"
#include "feed/entries.h"
#include "nameserver/name_table.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nameserver {

// Records of one type whose owner is the name asked for: the wire form with a pointer to the question as
// owner.
struct RecordSet {
    dns::RecordType type = dns::RecordType::a;
    std::uint16_t count = 0;
    base::Bytes wire;

    void add(std::uint32_t ttl, base::ByteView data);
};

// The addresses of an edge group. `sets` is replaced when they change.
struct Group {
    std::atomic<const std::vector<RecordSet>*> sets{nullptr};
};

struct ChallengeValue {
    base::Time expires_at{};
    RecordSet set;  // one TXT
};

// What stands at a name beside a group's addresses.
struct NameRecords {
    std::vector<ChallengeValue> challenges;
    std::vector<RecordSet> sets;  // addresses of a name server within a zone
};

struct ZoneApex {
    struct Server {
        dns::Name name;
        bool inside = false;  // of the zone: has glue here
        std::vector<RecordSet> glue;
    };
    dns::Name name;
    std::uint32_t hash = 0;
    std::size_t labels = 0;
    std::vector<Server> servers;
    dns::Name hostmaster;
    std::uint32_t negative_ttl = 0;
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
    // The most specific zone that holds the name; null: none of ours.
    const ZoneApex* zone_of(const Suffixes& name) const;
    const NameNode* find(const Suffixes& name, std::size_t i) const;

private:
    const Tables& tables_;
};

}  // namespace nameserver
