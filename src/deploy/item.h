// Item: what a deploy target must have of one endpoint.
#pragma once

#include "base/clock.h"
#include "model/endpoint.h"

#include <string>
#include <vector>

namespace deploy {

// A certificate with its key, in PEM. The key is secret.
struct Bundle {
    std::string certificate;  // id
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    base::Time not_after{};
    std::vector<std::string> names;  // of the endpoint, for which this is the best of its key type
    std::string chain_pem;           // leaf first
    std::string key_pem;

    std::string combined() const { return chain_pem + key_pem; }
};

// The platform's own certificate (*.<platform> and <platform>) is an item too.
inline constexpr std::string_view platform_item = "platform";

struct Item {
    std::string endpoint;  // an id, or platform_item
    std::vector<std::string> names;
    std::vector<Bundle> bundles;  // empty: there is nothing to serve, or no longer
};

// Equal when a target would be given the same.
std::string fingerprint(const Item& item);

// A name as a file: "*.example.com" is "_.example.com".
std::string file_name(std::string_view name);

}  // namespace deploy
