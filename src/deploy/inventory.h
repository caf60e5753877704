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

    // Without bundles when the endpoint is gone, is suspended, or has no certificate that is valid.
    base::Result<Item> item(const std::string& endpoint) const;
    // Of the endpoint that has `host`, exactly or by a wildcard.
    base::Result<Item> item_for(std::string_view host) const;
    base::Result<std::vector<std::string>> endpoints(std::string_view after, std::size_t limit) const
    {
        return store_.endpoints(after, limit);
    }

private:
    base::Result<Item> fill(const edge::FoundRoute& found) const;
    base::Result<std::optional<Bundle>> bundle(const std::string& certificate) const;

    const edge::CertificateStore& store_;
    const base::Clock& clock_;
};

}  // namespace deploy
