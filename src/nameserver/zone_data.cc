#include "nameserver/zone_data.h"

#include "base/log.h"
#include "dns/rdata.h"

#include <algorithm>
#include <bit>
#include <map>
#include <span>

namespace nameserver {

namespace {

using dns::RecordType;

constexpr std::uint32_t alias_ttl = 60;     // addresses of a group follow a failover within a minute
constexpr std::uint32_t challenge_ttl = 1;  // a CA looks once; nobody else may keep it
constexpr std::uint32_t host_ttl = 3'600;

// Adds the addresses by type; types that the name has from elsewhere are left out.
void add_addresses(RecordsBuilder& builder, const std::vector<std::string>& addresses, std::uint32_t ttl)
{
    std::map<RecordType, std::vector<base::Bytes>> values;
    for (const auto& text : addresses) {
        auto v4 = dns::parse_data(RecordType::a, text);
        auto v6 = dns::parse_data(RecordType::aaaa, text);
        if (!v4 && !v6) {
            base::log::warning("dns_address_ignored", {{"address", text}});
            continue;
        }
        values[v4 ? RecordType::a : RecordType::aaaa].push_back(std::move(v4 ? *v4 : *v6));
    }
    for (const auto& [type, data] : values) {
        if (!builder.has(static_cast<std::uint16_t>(type))) {
            builder.add({Origin::host, any_zone, ttl, {}}, static_cast<std::uint16_t>(type), data);
        }
    }
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

// Sets that delegate names to others.
std::uint32_t cuts_of(const NameRecords* records)
{
    const auto is_cut = [](const SetHead& head) { return head.is(RecordType::ns); };
    return records == nullptr ? 0
                              : static_cast<std::uint32_t>(std::ranges::count_if(records->heads(), is_cut));
}

std::shared_ptr<const ZoneApex> make_apex(const model::Zone& zone)
{
    auto apex = std::make_shared<ZoneApex>();
    apex->name = name_or_root(zone.apex);
    const Suffixes suffixes(apex->name);
    apex->labels = static_cast<std::uint8_t>(suffixes.count);
    apex->hash = suffixes.hash[0];
    for (const auto& server : zone.name_servers) {
        const dns::Name name = name_or_root(server.name);
        apex->servers.push_back({name, name.is_within(apex->name)});
    }
    apex->primary = !zone.primary.empty()   ? name_or_root(zone.primary)
                    : apex->servers.empty() ? apex->name
                                            : apex->servers.front().name;
    apex->hostmaster = name_or_root(zone.hostmaster);
    apex->refresh = zone.refresh;
    apex->retry = zone.retry;
    apex->expire = zone.expire;
    apex->negative_ttl = zone.negative_ttl;
    apex->ttl = zone.apex_ttl;
    return apex;
}

}  // namespace

ZoneIndex::ZoneIndex(std::span<const std::shared_ptr<const ZoneApex>> zones)
    : slots_(std::bit_ceil(zones.size() * 2 + 1))
{
    for (const auto& zone : zones) {
        std::size_t at = zone->hash & (slots_.size() - 1);
        while (slots_[at] != nullptr) {
            at = (at + 1) & (slots_.size() - 1);
        }
        slots_[at] = zone.get();
    }
}

const ZoneApex* ZoneIndex::find(const Suffixes& name, std::size_t i) const
{
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = name.hash[i] & mask; slots_[at] != nullptr; at = (at + 1) & mask) {
        if (slots_[at]->hash == name.hash[i] && std::ranges::equal(name.wire(i), slots_[at]->name.wire())) {
            return slots_[at];
        }
    }
    return nullptr;
}

// The tables between two snapshots.
struct ZoneData::Tables {
    Tables() { index.store(new ZoneIndex(std::span<const std::shared_ptr<const ZoneApex>>())); }
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;
    ~Tables();

    void apply(const feed::Change& change);
    // After the last change of a batch: what zones say together.
    void finish();

    void set_alias(const dns::Name& name, const Group* group);
    void set_challenges(const dns::Name& name, const feed::TxtEntry* entry);
    void set_records(const dns::Name& name, const feed::RecordsEntry* entry);
    void set_group(const std::string& name, const model::EdgeGroup* entry);
    void set_zone(const std::string& apex, const model::Zone* zone);
    void set_hosts();
    void set_index();

    const Group* group(const std::string& name) { return &groups[name]; }
    NameNode& at(const dns::Name& name);
    void prune(const dns::Name& name);
    template <class F>
    void change_records(const dns::Name& name, Origin origin, F add);
    template <class T>
    void retire(std::unique_ptr<T> object)
    {
        names.retire(std::shared_ptr<const T>(std::move(object)));
    }
    void retire_records(const NameRecords* records)
    {
        if (records != nullptr) {
            names.retire(std::shared_ptr<const NameRecords>(NameRecords::Pointer(records)));
        }
    }

    struct Held {
        model::Zone zone;
        std::shared_ptr<const ZoneApex> apex;
    };

    NameTable names;
    // Nodes point into it; a group stays, without addresses, when it is gone.
    std::map<std::string, Group> groups;
    std::atomic<const ZoneIndex*> index{nullptr};
    std::map<std::string, Held> zones;
    std::map<dns::Name, std::vector<std::string>> hosts;  // addresses of name servers
    bool zones_changed = false;
    std::atomic<std::uint32_t> cuts{0};
};

ZoneData::Tables::~Tables()
{
    names.for_each([](NameNode& node) { NameRecords::Pointer(node.records.load()); });
    for (auto& [name, group] : groups) {
        NameRecords::Pointer(group.sets.load());
    }
    delete index.load();
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

// Replaces the sets of one origin at a name by those that `add` adds to a builder.
template <class F>
void ZoneData::Tables::change_records(const dns::Name& name, Origin origin, F add)
{
    NameNode& node = at(name);
    const NameRecords* const old = node.records.load();
    RecordsBuilder builder;
    if (old != nullptr) {
        builder.keep(*old, origin);
    }
    add(builder);
    if (const auto host = hosts.find(name); host != hosts.end()) {
        add_addresses(builder, host->second, host_ttl);
    }
    NameRecords::Pointer next = builder.build();
    cuts.store(cuts.load() - cuts_of(old) + cuts_of(next.get()));
    node.records.store(next.release(), std::memory_order_release);
    retire_records(old);
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

// Each value is a set of its own, since each ends at its own time.
void ZoneData::Tables::set_challenges(const dns::Name& name, const feed::TxtEntry* entry)
{
    change_records(name, Origin::challenge, [entry](RecordsBuilder& builder) {
        for (std::size_t i = 0; entry != nullptr && i < entry->values.size(); ++i) {
            const base::Bytes data[] = {txt_data(entry->values[i].text)};
            builder.add({Origin::challenge, any_zone, challenge_ttl, entry->values[i].expires_at},
                        static_cast<std::uint16_t>(RecordType::txt), data);
        }
    });
}

// The SOA and the NS records of an apex come from its zone.
void ZoneData::Tables::set_records(const dns::Name& name, const feed::RecordsEntry* entry)
{
    change_records(name, Origin::records, [&](RecordsBuilder& builder) {
        for (std::size_t i = 0; entry != nullptr && i < entry->sets.size(); ++i) {
            const auto& set = entry->sets[i];
            const auto type = static_cast<RecordType>(set.type);
            const dns::Name zone = name_or_root(set.zone);
            const bool of_apex = zone == name && (type == RecordType::soa || type == RecordType::ns);
            if (name.is_within(zone) && !of_apex) {
                builder.add(
                    {Origin::records, static_cast<std::uint8_t>(zone.label_count()), set.ttl, set.expires_at},
                    set.type, set.values);
            }
        }
    });
}

void ZoneData::Tables::set_group(const std::string& name, const model::EdgeGroup* entry)
{
    RecordsBuilder builder;
    if (entry != nullptr) {
        add_addresses(builder, entry->addresses, alias_ttl);
    }
    retire_records(groups[name].sets.exchange(builder.build().release()));
}

void ZoneData::Tables::set_zone(const std::string& apex, const model::Zone* zone)
{
    Held& held = zones[apex];
    if (held.apex) {
        names.retire(std::move(held.apex));
    }
    if (zone != nullptr) {
        held = {*zone, make_apex(*zone)};
    } else {
        zones.erase(apex);
    }
    const bool addressed = zone != nullptr && !zone->group.empty();
    set_alias(name_or_root(apex), addressed ? group(zone->group) : nullptr);
    zones_changed = true;
}

void ZoneData::Tables::finish()
{
    if (std::exchange(zones_changed, false)) {
        set_hosts();
        set_index();
    }
}

// The addresses of the name servers themselves stand at their names, whichever zones name them.
void ZoneData::Tables::set_hosts()
{
    std::map<dns::Name, std::vector<std::string>> wanted;
    for (const auto& [apex, held] : zones) {
        for (const auto& server : held.zone.name_servers) {
            for (const auto& address : server.addresses) {
                auto& addresses = wanted[name_or_root(server.name)];
                if (std::ranges::find(addresses, address) == addresses.end()) {
                    addresses.push_back(address);
                }
            }
        }
    }
    hosts.swap(wanted);
    const auto& before = wanted;
    const auto nothing_more = [](RecordsBuilder&) {};
    for (const auto& [name, addresses] : before) {
        if (!hosts.contains(name)) {
            change_records(name, Origin::host, nothing_more);
        }
    }
    for (const auto& [name, addresses] : hosts) {
        if (const auto known = before.find(name); known == before.end() || known->second != addresses) {
            change_records(name, Origin::host, nothing_more);
        }
    }
}

void ZoneData::Tables::set_index()
{
    std::vector<std::shared_ptr<const ZoneApex>> apexes;
    for (const auto& [text, held] : zones) {
        apexes.push_back(held.apex);
    }
    retire(std::unique_ptr<const ZoneIndex>(index.exchange(new ZoneIndex(apexes))));
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
        case model::RevisionKind::records:
            return set_records(name, entry != nullptr ? std::get_if<feed::RecordsEntry>(entry) : nullptr);
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
    target.finish();
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

const ZoneApex* ZoneData::View::zone_of(const Suffixes& name, std::size_t from) const
{
    const ZoneIndex& index = *tables_.index.load(std::memory_order_acquire);
    for (std::size_t i = from; i < name.count; ++i) {
        if (const ZoneApex* const apex = index.find(name, i)) {
            return apex;
        }
    }
    return nullptr;
}

bool ZoneData::View::delegates() const
{
    return tables_.cuts.load(std::memory_order_relaxed) > 0;
}

const NameNode* ZoneData::View::find(const Suffixes& name, std::size_t i) const
{
    return tables_.names.find(name, i);
}

}  // namespace nameserver
