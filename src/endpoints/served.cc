#include "endpoints/served.h"

#include <tuple>

namespace endpoints {

namespace {

int preference(model::CertificateSource source)
{
    switch (source) {
        case model::CertificateSource::uploaded:
            return 0;
        case model::CertificateSource::managed:
            return 1;
        case model::CertificateSource::transitional:
            return 2;
        case model::CertificateSource::platform:
            return 3;
    }
    return 4;
}

}  // namespace

const model::Certificate* served_certificate(const std::vector<model::Certificate>& live, base::Time now)
{
    const auto rank = [now](const model::Certificate& each) {
        return std::tuple(each.not_after <= now, !each.trusted, preference(each.source),
                          -base::to_millis(each.not_before));
    };
    const model::Certificate* best = nullptr;
    for (const auto& each : live) {
        if (each.state == model::CertificateState::live && (best == nullptr || rank(each) < rank(*best))) {
            best = &each;
        }
    }
    return best;
}

}  // namespace endpoints
