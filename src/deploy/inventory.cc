#include "deploy/inventory.h"

#include "base/log.h"
#include "crypto/pem.h"
#include "edge/route.h"

#include <algorithm>

namespace deploy {

namespace {

// Without names, chain and key.
Bundle bundle_of(const edge::CertificateFacts& facts)
{
    Bundle bundle;
    bundle.certificate = facts.certificate;
    bundle.key_type = facts.key_type;
    bundle.not_after = facts.not_after;
    return bundle;
}

// Which certificates serve which names: for each key type the first one that covers the name.
std::vector<Bundle> choose(const edge::FoundRoute& found, base::Time now)
{
    std::vector<Bundle> chosen;
    for (const auto& facts : found.certificates) {
        if (facts.not_after <= now) {
            continue;
        }
        auto bundle = bundle_of(facts);
        for (const auto& name : found.route.names) {
            const bool taken = std::ranges::any_of(chosen, [&](const Bundle& each) {
                return each.key_type == facts.key_type &&
                       std::ranges::find(each.names, name) != each.names.end();
            });
            if (!taken && edge::covers(facts, name)) {
                bundle.names.push_back(name);
            }
        }
        if (!bundle.names.empty()) {
            chosen.push_back(std::move(bundle));
        }
    }
    return chosen;
}

}  // namespace

std::string fingerprint(const Item& item)
{
    std::string text;
    for (const auto& each : item.bundles) {
        text += each.certificate;
        for (const auto& name : each.names) {
            text += ' ' + name;
        }
        text += ';';
    }
    return text;
}

std::string file_name(std::string_view name)
{
    return name.starts_with("*.") ? "_" + std::string(name.substr(1)) : std::string(name);
}

base::Result<std::vector<std::string>> Inventory::endpoints(std::string_view after, std::size_t limit) const
{
    TRY(found, store_.endpoints(after, limit));
    if (found.size() < limit && after != platform_item) {
        found.emplace_back(platform_item);  // Ids ("ep_...") are before it.
    }
    return found;
}

// Every group has its default certificate from the platform, and is told of its own group alone.
base::Result<Item> Inventory::platform() const
{
    Item item;
    item.endpoint = platform_item;
    TRY(groups, store_.groups());
    if (groups.empty() || groups.front().default_certificate.empty()) {
        return item;
    }
    TRY(facts, store_.facts(groups.front().default_certificate));
    if (!facts || facts->not_after <= clock_.now()) {
        return item;
    }
    auto chosen = bundle_of(*facts);
    chosen.names = facts->identifiers;
    item.names = facts->identifiers;
    add(item, std::move(chosen));
    return item;
}

base::Result<Item> Inventory::item(const std::string& endpoint) const
{
    if (endpoint == platform_item) {
        return platform();
    }
    TRY(found, store_.find_endpoint(endpoint));
    if (!found) {
        Item gone;
        gone.endpoint = endpoint;
        return gone;
    }
    return fill(*found);
}

base::Result<Item> Inventory::item_for(std::string_view host) const
{
    TRY(found, store_.find(host));
    return found ? fill(*found) : platform();
}

base::Result<Item> Inventory::fill(const edge::FoundRoute& found) const
{
    Item item;
    item.endpoint = found.route.endpoint;
    item.names = found.route.names;
    if (found.route.suspended) {
        return item;
    }
    for (auto& chosen : choose(found, clock_.now())) {
        add(item, std::move(chosen));
    }
    return item;
}

void Inventory::add(Item& item, Bundle chosen) const
{
    auto material = store_.material(chosen.certificate);
    if (!material) {
        // One that cannot be read must not hold up the others.
        base::log::error("deploy_certificate_unreadable",
                         {{"certificate", chosen.certificate}, {"error", material.error().message()}});
        return;
    }
    if (!*material) {
        return;
    }
    chosen.chain_pem = crypto::to_pem("CERTIFICATE", (*material)->leaf_der);
    for (const auto& issuer : (*material)->issuers) {
        chosen.chain_pem += crypto::to_pem("CERTIFICATE", issuer);
    }
    chosen.key_pem = crypto::to_pem("PRIVATE KEY", (*material)->key_pkcs8);
    item.bundles.push_back(std::move(chosen));
}

}  // namespace deploy
