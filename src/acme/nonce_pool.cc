#include "acme/nonce_pool.h"

#include <algorithm>

namespace acme {

namespace {

constexpr std::size_t longest_nonce = 512;

bool is_base64url(const std::string& text)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return !text.empty() && text.size() <= longest_nonce &&
           text.find_first_not_of(alphabet) == std::string::npos;
}

}  // namespace

void NoncePool::add(std::string nonce, base::Time now)
{
    if (!is_base64url(nonce)) {
        return;
    }
    if (nonces_.size() == capacity) {
        nonces_.erase(nonces_.begin());
    }
    nonces_.push_back(Nonce{std::move(nonce), now});
}

std::optional<std::string> NoncePool::take(base::Time now)
{
    std::erase_if(nonces_, [now](const Nonce& nonce) { return nonce.since + life <= now; });
    if (nonces_.empty()) {
        return std::nullopt;
    }
    auto newest = std::move(nonces_.back().text);
    nonces_.pop_back();
    return newest;
}

}  // namespace acme
