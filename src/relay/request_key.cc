#include "relay/request_key.h"

#include "base/ascii.h"

#include <fmt/format.h>

#include <set>

namespace relay {

namespace {

Problem bad(std::string detail)
{
    return {400, "badCSR", "Error finalizing order :: " + std::move(detail)};
}

bool is_accepted(const crypto::KeyFacts& key)
{
    const bool rsa = key.rsa && (key.bits == 2048 || key.bits == 3072 || key.bits == 4096);
    return rsa || key.curve == "P-256" || key.curve == "P-384";
}

}  // namespace

Problem check_request(const crypto::RequestFacts& facts, const Order& order, base::ByteView account_key)
{
    if (facts.weak_signature) {
        return bad("signature algorithm not supported");
    }
    if (!is_accepted(facts.key)) {
        return bad("invalid public key in CSR: RSA of 2048, 3072 or 4096 bits, P-256 and P-384 are accepted");
    }
    if (std::ranges::equal(facts.public_der, account_key)) {
        return bad("certificate public key must be different than account key");
    }
    if (facts.other_names) {
        return bad("CSR contains names that are neither DNS names nor IP addresses");
    }
    const std::set<std::string> asked(facts.identifiers.begin(), facts.identifiers.end());
    const auto ordered_texts = texts_of(order.identifiers);
    const std::set<std::string> ordered(ordered_texts.begin(), ordered_texts.end());
    if (asked != ordered) {
        return bad(fmt::format("CSR does not specify same identifiers as Order: it has {}, and the order {}",
                               fmt::join(asked, ", "), fmt::join(ordered, ", ")));
    }
    for (const auto& name : facts.common_names) {
        if (!ordered.contains(base::to_lower(name))) {
            return bad(fmt::format("CSR's common name {} is not among its names", name));
        }
    }
    return {};
}

}  // namespace relay
