// NoncePool: nonces that the CA gave with its answers (RFC 8555 6.5). Runs on one executor: no locks.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace acme {

// Keeps few nonces for a short time, the newest is taken first: CAs forget old ones, and a nonce of the last
// answer saves a request to newNonce, which is what they limit most.
class NoncePool {
public:
    static constexpr std::size_t capacity = 64;
    static constexpr std::chrono::seconds life{60};

    // Ignores what is no base64url text.
    void add(std::string nonce, base::Time now);
    // Each nonce comes out once.
    std::optional<std::string> take(base::Time now);
    // One of ours was refused: the others are as old.
    void clear() { nonces_.clear(); }
    std::size_t size() const { return nonces_.size(); }

private:
    struct Nonce {
        std::string text;
        base::Time since;
    };
    std::vector<Nonce> nonces_;  // oldest first
};

}  // namespace acme
