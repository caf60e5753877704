#include "relay/issuer.h"

#include "crypto/certificate.h"

namespace relay {

base::Task<std::vector<std::string>> PrivateIssuer::issue(IssueRequest request)
{
    crypto::LeafShape shape;
    shape.identifiers = std::move(request.identifiers);
    shape.public_der = std::move(request.public_der);
    shape.not_before = clock_.now() - request.profile.backdate;
    // The last second counts (RFC 5280 4.1.2.5).
    shape.not_after = shape.not_before + request.profile.validity - std::chrono::seconds(1);
    shape.common_name = request.profile.common_name;
    shape.subject_key_id = request.profile.subject_key_id;
    shape.key_encipherment = request.profile.key_encipherment;
    CO_TRY(leaf, co_await base::blocking(pool_, [this, shape] { return ca_.issue(shape); }));
    std::vector<std::string> chains;
    for (std::size_t i = 0; i < ca_.chains(); ++i) {
        chains.push_back(crypto::to_pem({leaf}) + ca_.intermediate_pem(i));
    }
    co_return std::move(chains);
}

}  // namespace relay
