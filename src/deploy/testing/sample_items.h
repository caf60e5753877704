// Items with real certificates, for tests of targets.
#pragma once

#include "crypto/certificate.h"
#include "crypto/key.h"
#include "crypto/pem.h"
#include "deploy/target.h"

#include <string>
#include <vector>

namespace deploy::testing {

inline Item sample_item(const std::string& endpoint, std::vector<std::string> names,
                        const std::string& certificate, model::KeyType type = model::KeyType::ecdsa_p256)
{
    const auto key = crypto::PrivateKey::generate(type).value();
    Bundle bundle;
    bundle.certificate = certificate;
    bundle.key_type = type;
    bundle.names = names;
    bundle.chain_pem = crypto::self_signed(key, names, 30).value();
    bundle.key_pem = crypto::to_pem("PRIVATE KEY", key.to_pkcs8());
    Item item;
    item.endpoint = endpoint;
    item.names = std::move(names);
    item.bundles.push_back(std::move(bundle));
    return item;
}

inline Item gone(const std::string& endpoint)
{
    Item item;
    item.endpoint = endpoint;
    return item;
}

inline Items items(std::vector<Item> all)
{
    return std::make_shared<const std::vector<Item>>(std::move(all));
}

}  // namespace deploy::testing
