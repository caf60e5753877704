#include "model/serving.h"

#include <algorithm>
#include <tuple>

namespace model {

namespace {

int rank(CertificateSource source)
{
    switch (source) {
        case CertificateSource::uploaded:
            return 0;
        case CertificateSource::managed:
            return 1;
        case CertificateSource::transitional:
            return 2;
        case CertificateSource::platform:
            break;
    }
    return 3;
}

bool covers(const Certificate& certificate, const DomainName& name)
{
    return std::ranges::any_of(certificate.identifiers, [&](const std::string& identifier) {
        const auto covering = DomainName::parse(identifier);
        return identifier == name.text() || (covering && !name.wildcard() && covering->covers(name.text()));
    });
}

}  // namespace

std::vector<const Certificate*> serving_order(const Endpoint& endpoint,
                                              const std::vector<Certificate>& certificates, base::Time now)
{
    std::vector<const Certificate*> order;
    for (const auto& each : certificates) {
        if (each.state == CertificateState::live && each.source != CertificateSource::platform &&
            each.not_after > now) {
            order.push_back(&each);
        }
    }
    const bool settled = std::ranges::all_of(endpoint.names, [&](const DomainName& name) {
        return std::ranges::any_of(order, [&](const Certificate* each) {
            return each->not_before <= now && each->trusted &&
                   each->source != CertificateSource::transitional && covers(*each, name);
        });
    });
    if (settled) {
        std::erase_if(
            order, [](const Certificate* each) { return each->source == CertificateSource::transitional; });
    }
    const auto place = [now](const Certificate& each) {
        return std::tuple(each.not_before > now, !each.trusted, rank(each.source),
                          each.key_type == KeyType::rsa_2048);
    };
    std::ranges::sort(order, [&](const Certificate* a, const Certificate* b) {
        return std::tuple(place(*a), b->not_before, b->id) < std::tuple(place(*b), a->not_before, a->id);
    });
    return order;
}

}  // namespace model
