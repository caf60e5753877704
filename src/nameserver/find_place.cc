// The rules of RFC 1034 4.3.2, RFC 4592 (wildcards) and RFC 8020 (empty non-terminals).
#include "nameserver/exchange.h"

namespace nameserver {

namespace {

bool has_data(Exchange& exchange, const NameNode& node)
{
    if (node.group.load(std::memory_order_acquire) != nullptr) {
        return true;
    }
    const NameRecords* const records = node.records.load(std::memory_order_acquire);
    return records != nullptr && std::ranges::any_of(records->heads(), [&exchange](const SetHead& head) {
               return exchange.serves(head);
           });
}

// A name without data exists when there are names below it.
bool exists(Exchange& exchange, const NameNode* node)
{
    return node != nullptr &&
           (node->children.load(std::memory_order_relaxed) != 0 || has_data(exchange, *node));
}

bool is_cut(Exchange& exchange, const NameNode& node)
{
    const NameRecords* const records = node.records.load(std::memory_order_acquire);
    return records != nullptr && std::ranges::any_of(records->heads(), [&exchange](const SetHead& head) {
               return head.is(dns::RecordType::ns) && exchange.serves(head);
           });
}

const NameNode* find_wildcard(const Exchange& exchange, std::size_t encloser)
{
    const auto& suffixes = *exchange.suffixes;
    dns::Name wildcard;
    static_cast<void>(wildcard.append(base::as_bytes("*")));
    const base::ByteView rest = suffixes.wire(encloser);
    for (std::size_t at = 0; rest[at] != 0; at += rest[at] + 1U) {
        if (!wildcard.append(rest.subspan(at + 1, rest[at]))) {
            return nullptr;
        }
    }
    const Suffixes hashed(wildcard);
    return exchange.view.find(hashed, 0);
}

Place place_at(Exchange& exchange, const NameNode* node)
{
    // The DS records of a cut are the parent's (RFC 4035 3.1.4.1).
    if (exchange.type != dns::RecordType::ds && exchange.view.delegates() && is_cut(exchange, *node)) {
        return {Place::Kind::delegated, node, 0};
    }
    return {Place::Kind::found, node};
}

}  // namespace

// From the apex down, since the topmost cut counts. All names above one that exists are in the table.
Place find_place(Exchange& exchange)
{
    const auto& suffixes = *exchange.suffixes;
    const std::size_t apex = suffixes.count - exchange.zone->labels;
    if (apex == 0) {
        return {Place::Kind::found, exchange.view.find(suffixes, 0)};
    }
    std::size_t encloser = apex;
    const bool delegates = exchange.view.delegates();
    while (encloser > 1) {
        const NameNode* const node = exchange.view.find(suffixes, encloser - 1);
        if (!exists(exchange, node)) {
            break;
        }
        --encloser;
        if (delegates && is_cut(exchange, *node)) {
            return {Place::Kind::delegated, node, encloser};
        }
    }
    if (encloser == 1) {
        const NameNode* const node = exchange.view.find(suffixes, 0);
        if (exists(exchange, node)) {
            return place_at(exchange, node);
        }
    }
    const NameNode* const wildcard = find_wildcard(exchange, encloser);
    return exists(exchange, wildcard) ? Place{Place::Kind::found, wildcard} : Place();
}

}  // namespace nameserver
