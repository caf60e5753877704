// Revoking a certificate.
#include "endpoints/lookup.h"
#include "endpoints/service.h"
#include "model/enum_text.h"

#include <fmt/format.h>

namespace endpoints {

namespace {

constexpr model::detail::EnumTexts<RevocationReason, 5> reasons{{
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "key_compromise"},
    {RevocationReason::affiliation_changed, "affiliation_changed"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessation_of_operation"},
}};

}  // namespace

std::string_view to_string(RevocationReason value)
{
    return model::detail::enum_text(reasons, value);
}

base::Result<RevocationReason> revocation_reason_from(std::string_view text)
{
    return model::detail::enum_from(reasons, "reason", text);
}

base::Task<Revoked> Service::revoke(Caller caller, std::string id, RevocationReason reason, bool replace)
{
    const auto now = clock_.now();
    auto work = [this, caller, id, reason, replace, now](store::Transaction& tx) -> base::Result<Revoked> {
        TRY(certificate, find_certificate(tx, caller, id));
        if (certificate.source == model::CertificateSource::platform && !caller.is_operator()) {
            return base::fail(
                base::Error(base::Errc::unauthorized, "the platform's certificate serves everybody")
                    .with_code("operator_required"));
        }
        CHECKED(issuance_.request_revocation(tx, certificate, static_cast<int>(reason), now));
        Revoked done;
        if (replace) {
            TRY(successor, issuance_.replace_revoked(tx, certificate, now));
            done.successor = std::move(successor);
        }
        TRY(after, tx.certificates.get(certificate.id));
        TRY(revocation, tx.revocations.of_certificate(certificate.id));
        done.certificate = std::move(after);
        done.revocation = revocation.value_or(model::Revocation());
        return done;
    };
    auto done = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return done;
}

}  // namespace endpoints
