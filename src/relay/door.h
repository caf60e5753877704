// Door: lets in requests that are signed as RFC 8555 6 says. Internal to relay/.
#pragma once

#include "relay/nonces.h"
#include "relay/world.h"

namespace relay {

// Runs on one executor: no locks.
class Door {
public:
    explicit Door(World& world) : world_(world) {}

    // Everything about a POST: media type, JWS, algorithm, URL, nonce, key, signature.
    boost::asio::awaitable<Checked<Request>> check(Call call, Place place);

    std::string new_nonce() { return nonces_.make(); }

private:
    Checked<> check_nonce(const Jws& jws);
    boost::asio::awaitable<Checked<Account>> account_of(std::string key_id, std::string base_url);

    World& world_;
    Nonces nonces_;
};

// The algorithm is one that we know, and the one of this key; the signature is its.
Checked<> check_signature(const Jws& jws, const crypto::PublicKey& key);
Checked<crypto::PublicKey> read_key(const std::string& jwk);

}  // namespace relay
