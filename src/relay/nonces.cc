#include "relay/nonces.h"

#include "base/random.h"

namespace relay {

std::string Nonces::make()
{
    constexpr std::size_t octets = 16;
    auto nonce = base::to_base64url(base::random_bytes(octets));
    known_.insert(nonce);
    order_.push_back(nonce);
    if (order_.size() > most_) {
        known_.erase(order_.front());
        order_.pop_front();
    }
    return nonce;
}

}  // namespace relay
