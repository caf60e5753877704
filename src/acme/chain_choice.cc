#include "acme/chain_choice.h"

#include "crypto/certificate.h"

namespace acme {

base::Result<std::string> topmost_issuer(std::string_view pem)
{
    const auto chain = crypto::parse_chain(pem);
    if (!chain) {
        return base::fail(base::Error(base::Errc::unavailable, chain.error().message())
                              .with_context("the CA's chain cannot be read")
                              .with_code("acme:badChain"));
    }
    const auto top = crypto::parse_chain(crypto::to_pem({chain->der.back()}));
    if (!top) {
        return std::string();
    }
    return top->leaf.issuer;
}

}  // namespace acme
