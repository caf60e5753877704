// Nonces that were given out and not used yet (RFC 8555 6.5). Runs on one executor: no locks.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace relay {

// The oldest are forgotten first, so clients that hoard nonces learn it.
class Nonces {
public:
    explicit Nonces(std::size_t most = 65'536) : most_(most) {}

    std::string make();
    // True once for each.
    bool take(const std::string& nonce) { return known_.erase(nonce) == 1; }

private:
    std::size_t most_;
    std::unordered_set<std::string> known_;
    std::deque<std::string> order_;
};

}  // namespace relay
