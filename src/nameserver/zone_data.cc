#include "nameserver/zone_data.h"

#include "base/log.h"
#include "dns/rdata.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <set>

namespace nameserver {

namespace {

namespace ip = boost::asio::ip;

constexpr std::uint32_t alias_ttl = 60;     // addresses of a group follow a failover within a minute
constexpr std::uint32_t challenge_ttl = 1;  // a CA looks once; nobody else may keep it
constexpr std::uint32_t glue_ttl = 3'600;
constexpr std::uint16_t question_pointer = 0xc000 | dns::header_size;

void put_u16(base::Bytes& out, std::uint16_t value)
{
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

// An address as a record of its type is added to the set of that type.
void add_address(std::vector<RecordSet>& sets, const std::string& text, std::uint32_t ttl)
{
    for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa}) {
        const auto data = dns::parse_data(type, text);
        if (!data) {
            continue;
        }
        auto set = std::ranges::find(sets, type, &RecordSet::type);
        if (set == sets.end()) {
            set = sets.insert(sets.end(), RecordSet{type, 0, {}});
        }
        return set->add(ttl, *data);
    }
    base::log::warning("dns_address_ignored", {{"address", text}});
}

std::vector<RecordSet> address_sets(const std::vector<std::string>& addresses, std::uint32_t ttl)
{
    std::vector<RecordSet> sets;
    for (const auto& text : addresses) {
        add_address(sets, text, ttl);
    }
    return sets;
}

// TXT data: the text in character-strings of at most 255 octets.
base::Bytes txt_data(std::string_view text)
{
    base::Bytes data;
    do {
        const auto part = text.substr(0, 255);
        data.push_back(static_cast<std::uint8_t>(part.size()));
        data.insert(data.end(), part.begin(), part.end());
        text.remove_prefix(part.size());
    } while (!text.empty());
    return data;
}

dns::Name name_or_root(std::string_view text)
{
    const auto name = dns::Name::parse(text);
    return name ? name->lower() : dns::Name();
}

}  // namespace

void RecordSet::add(std::uint32_t ttl, base::ByteView data)
{
    put_u16(wire, question_pointer);
    put_u16(wire, static_cast<std::uint16_t>(type));
    put_u16(wire, dns::class_in);
    put_u16(wire, static_cast<std::uint16_t>(ttl >> 16));
    put_u16(wire, static_cast<std::uint16_t>(ttl));
    put_u16(wire, static_cast<std::uint16_t>(data.size()));
    wire.insert(wire.end(), data.begin(), data.end());
    ++count;
}

// The tables between two snapshots.
struct ZoneData::Tables {
    using Apexes = std::vector<ZoneApex>;

    Tables() { apexes.store(new Apexes); }
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;
    ~Tables();

    void apply(const feed::Change& change);
    void set_alias(const dns::Name& name, const Group* group);
    void set_challenges(const dns::Name& name, const feed::TxtEntry* entry);
    void set_group(const std::string& name, const model::EdgeGroup* entry);
    void set_zone(const std::string& apex, const model::Zone* zone);
    void set_hosts();
    Apexes make_apexes() const;

    const Group* group(const std::string& name) { return &groups[name]; }
    NameNode& at(const dns::Name& name);
    void prune(const dns::Name& name);
    template <class F>
    void change_records(const dns::Name& name, F change);

    NameTable names;
    std::map<std::string, Group>
        groups;  // nodes point into it; a group stays, without addresses, when it is gone
    std::atomic<const Apexes*> apexes{nullptr};  // longest first
    std::map<std::string, model::Zone> zones;
    std::set<dns::Name> hosts;
};

ZoneData::Tables::~Tables()
{
    names.for_each([](NameNode& node) { delete node.records.load(); });
    for (auto& [name, group] : groups) {
        delete group.sets.load();
    }
    delete apexes.load();
}

NameNode& ZoneData::Tables::at(const dns::Name& name)
{
    const Suffixes suffixes(name);
    if (NameNode* const known = names.find(suffixes, 0)) {
        return *known;
    }
    NameNode& node = names.insert(suffixes, 0);
    for (std::size_t i = 1; i < suffixes.count; ++i) {
        NameNode* parent = names.find(suffixes, i);
        const bool there = parent != nullptr;
        if (!there) {
            parent = &names.insert(suffixes, i);
        }
        parent->children.fetch_add(1);
        if (there) {
            break;
        }
    }
    return node;
}

void ZoneData::Tables::prune(const dns::Name& name)
{
    const Suffixes suffixes(name);
    for (std::size_t i = 0; i < suffixes.count; ++i) {
        NameNode* const node = names.find(suffixes, i);
        if (node != nullptr && i > 0) {
            node->children.fetch_sub(1);
        }
        if (node == nullptr || !node->empty()) {
            return;
        }
        names.remove(suffixes, i);
    }
}

// Replaces the records of a name by a changed copy, or by nothing when the copy is empty.
template <class F>
void ZoneData::Tables::change_records(const dns::Name& name, F change)
{
    NameNode& node = at(name);
    const NameRecords* const old = node.records.load();
    auto next = old != nullptr ? std::make_unique<NameRecords>(*old) : std::make_unique<NameRecords>();
    change(*next);
    const bool empty = next->challenges.empty() && next->sets.empty();
    node.records.store(empty ? nullptr : next.release(), std::memory_order_release);
    if (old != nullptr) {
        names.retire(std::shared_ptr<const NameRecords>(old));
    }
    if (node.empty()) {
        prune(name);
    }
}

void ZoneData::Tables::set_alias(const dns::Name& name, const Group* group)
{
    NameNode& node = at(name);
    node.group.store(group, std::memory_order_release);
    if (node.empty()) {
        prune(name);
    }
}

void ZoneData::Tables::set_challenges(const dns::Name& name, const feed::TxtEntry* entry)
{
    std::vector<ChallengeValue> values;
    for (std::size_t i = 0; entry != nullptr && i < entry->values.size(); ++i) {
        ChallengeValue value{entry->values[i].expires_at, {dns::RecordType::txt, 0, {}}};
        value.set.add(challenge_ttl, txt_data(entry->values[i].text));
        values.push_back(std::move(value));
    }
    change_records(name, [&values](NameRecords& records) { records.challenges = std::move(values); });
}

void ZoneData::Tables::set_group(const std::string& name, const model::EdgeGroup* entry)
{
    auto sets = std::make_unique<std::vector<RecordSet>>();
    if (entry != nullptr) {
        *sets = address_sets(entry->addresses, alias_ttl);
    }
    const auto* const old = groups[name].sets.exchange(sets.release());
    if (old != nullptr) {
        names.retire(std::shared_ptr<const std::vector<RecordSet>>(old));
    }
}

void ZoneData::Tables::set_zone(const std::string& apex, const model::Zone* zone)
{
    if (zone != nullptr) {
        zones[apex] = *zone;
    } else {
        zones.erase(apex);
    }
    const bool addressed = zone != nullptr && !zone->group.empty();
    set_alias(name_or_root(apex), addressed ? group(zone->group) : nullptr);
    set_hosts();
    const Apexes* const old = apexes.exchange(new Apexes(make_apexes()));
    names.retire(std::shared_ptr<const Apexes>(old));
}

// The addresses of the name servers themselves stand at their names, whichever zones name them.
void ZoneData::Tables::set_hosts()
{
    std::map<dns::Name, std::vector<std::string>> wanted;
    for (const auto& [apex, zone] : zones) {
        for (const auto& server : zone.name_servers) {
            auto& addresses = wanted[name_or_root(server.name)];
            for (const auto& address : server.addresses) {
                if (std::ranges::find(addresses, address) == addresses.end()) {
                    addresses.push_back(address);
                }
            }
        }
    }
    for (const auto& host : hosts) {
        if (!wanted.contains(host)) {
            change_records(host, [](NameRecords& records) { records.sets.clear(); });
        }
    }
    hosts.clear();
    for (const auto& [name, addresses] : wanted) {
        auto sets = address_sets(addresses, glue_ttl);
        change_records(name, [&sets](NameRecords& records) { records.sets = std::move(sets); });
        hosts.insert(name);
    }
}

ZoneData::Tables::Apexes ZoneData::Tables::make_apexes() const
{
    Apexes made;
    for (const auto& [text, zone] : zones) {
        ZoneApex apex;
        apex.name = name_or_root(text);
        const Suffixes suffixes(apex.name);
        apex.labels = suffixes.count;
        apex.hash = suffixes.hash[0];
        apex.hostmaster = name_or_root(zone.hostmaster);
        apex.negative_ttl = zone.negative_ttl;
        for (const auto& server : zone.name_servers) {
            const dns::Name name = name_or_root(server.name);
            apex.servers.push_back(
                {name, name.is_within(apex.name), address_sets(server.addresses, glue_ttl)});
        }
        made.push_back(std::move(apex));
    }
    std::ranges::sort(made, std::ranges::greater(), &ZoneApex::labels);
    return made;
}

void ZoneData::Tables::apply(const feed::Change& change)
{
    const auto parsed = dns::Name::parse(change.key);
    const bool named = parsed && !parsed->is_root();
    const dns::Name name = named ? parsed->lower() : dns::Name();
    const feed::Entry* const entry = change.entry ? &*change.entry : nullptr;
    if (change.kind == model::RevisionKind::group) {
        return set_group(change.key, entry != nullptr ? std::get_if<model::EdgeGroup>(entry) : nullptr);
    }
    if (!named) {
        return;
    }
    switch (change.kind) {
        case model::RevisionKind::alias: {
            const auto* const alias = entry != nullptr ? std::get_if<feed::AliasEntry>(entry) : nullptr;
            return set_alias(name, alias != nullptr ? group(alias->group) : nullptr);
        }
        case model::RevisionKind::txt:
            return set_challenges(name, entry != nullptr ? std::get_if<feed::TxtEntry>(entry) : nullptr);
        case model::RevisionKind::zone:
            return set_zone(name.text(), entry != nullptr ? std::get_if<model::Zone>(entry) : nullptr);
        default:
            return;
    }
}

ZoneData::ZoneData() : current_(nullptr), owned_(std::make_unique<Tables>())
{
    current_.store(owned_.get());
}

ZoneData::~ZoneData() = default;

void ZoneData::apply(const feed::Batch& batch)
{
    if (!batch.snapshot) {
        incoming_.reset();
    } else if (batch.first || !incoming_) {
        incoming_ = std::make_unique<Tables>();
    }
    Tables& target = batch.snapshot ? *incoming_ : *owned_;
    for (const auto& change : batch.changes) {
        target.apply(change);
    }
    if (batch.snapshot && !batch.last) {
        return;
    }
    if (batch.snapshot) {
        incoming_->names.collect();
        current_.store(incoming_.get(), std::memory_order_release);
        replaced_.push_back(std::move(owned_));
        owned_ = std::move(incoming_);
    }
    serial_.store(static_cast<std::uint32_t>(batch.position.number), std::memory_order_release);
}

void ZoneData::collect()
{
    owned_->names.collect();
    replaced_.clear();
}

ZoneData::View ZoneData::view() const
{
    return View(*current_.load(std::memory_order_acquire));
}

std::size_t ZoneData::names() const
{
    return owned_->names.size();
}

const ZoneApex* ZoneData::View::zone_of(const Suffixes& name) const
{
    for (const auto& apex : *tables_.apexes.load(std::memory_order_acquire)) {
        if (apex.labels > name.count) {
            continue;
        }
        const std::size_t i = name.count - apex.labels;
        if (name.hash[i] == apex.hash && std::ranges::equal(name.wire(i), apex.name.wire())) {
            return &apex;
        }
    }
    return nullptr;
}

const NameNode* ZoneData::View::find(const Suffixes& name, std::size_t i) const
{
    return tables_.names.find(name, i);
}

}  // namespace nameserver
