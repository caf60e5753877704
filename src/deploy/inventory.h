// Inventory: the certificates of a group as proxies of others take them, from an edge's cache file.
#pragma once

#include "deploy/item.h"
#include "edge/certificate_store.h"

#include <optional>
#include <string>
#include <vector>

namespace deploy {

// Reads wait for the disk; safe from any thread. What it is given outlives it.
class Inventory {
public:
    Inventory(const edge::CertificateStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

    // Without bundles when the endpoint is gone, is suspended, or has no certificate that is valid. The
    // platform's own one is that of `platform_item`.
    base::Result<Item> item(const std::string& endpoint) const;
    // Of the endpoint that has `host`, exactly or by a wildcard; else the platform's.
    base::Result<Item> item_for(std::string_view host) const;
    // In ascending order after `after`; `platform_item` is the last one.
    base::Result<std::vector<std::string>> endpoints(std::string_view after, std::size_t limit) const;

private:
    base::Result<Item> fill(const edge::FoundRoute& found) const;
    base::Result<Item> platform() const;
    // With its chain and key; not when those are gone or cannot be read.
    void add(Item& item, Bundle chosen) const;

    const edge::CertificateStore& store_;
    const base::Clock& clock_;
};

}  // namespace deploy
