// /v1/certificates
#include "api/field_reader.h"
#include "api/views.h"

namespace api {

namespace {

base::Task<Answer> list(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto after = reader.text("after").value_or("");
    const auto limit = static_cast<std::size_t>(reader.number("limit", 1, 500).value_or(100));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(found, co_await parts.endpoints.certificates(call.access.caller, after, limit));
    co_return Answer(200, page(found.items, found.next));
}

base::Task<Answer> show(Parts parts, Call call)
{
    CO_TRY(certificate,
           co_await parts.endpoints.certificate(call.access.caller, call.parameter("certificate")));
    auto body = view(certificate);
    auto read_advice = [id = certificate.id](store::Transaction& tx) { return tx.advice.of_certificate(id); };
    CO_TRY(advice, co_await parts.store.read(std::move(read_advice)));
    body["renewal_advice"] = advice ? json::value(view(*advice)) : json::value(nullptr);
    auto read = [id = certificate.id](store::Transaction& tx) { return tx.revocations.of_certificate(id); };
    CO_TRY(revocation, co_await parts.store.read(std::move(read)));
    body["revocation"] = revocation ? json::value(view(*revocation)) : json::value(nullptr);
    co_return Answer(200, std::move(body));
}

base::Task<Answer> revoke(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto reason = reader.choice("reason", endpoints::revocation_reason_from)
                            .value_or(endpoints::RevocationReason::unspecified);
    const bool replace = reader.flag("replace").value_or(true);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(done, co_await parts.endpoints.revoke(call.access.caller, call.parameter("certificate"), reason,
                                                 replace));
    auto body = view(done.certificate);
    body["revocation"] = view(done.revocation);
    body["successor"] = done.successor ? json::value(view(*done.successor)) : json::value(nullptr);
    co_return Answer(202, std::move(body));
}

base::Task<Answer> chain(Parts parts, Call call)
{
    CO_TRY(certificate,
           co_await parts.endpoints.certificate(call.access.caller, call.parameter("certificate")));
    Answer answer;
    answer.content_type = "application/pem-certificate-chain";
    answer.text = certificate.chain_pem;
    co_return answer;
}

base::Task<Answer> remove(Parts parts, Call call)
{
    CO_TRY(removed,
           co_await parts.endpoints.remove_certificate(call.access.caller, call.parameter("certificate")));
    co_return Answer(200, view(removed));
}

}  // namespace

std::vector<Operation> certificate_operations()
{
    return {
        {"GET", "/v1/certificates", Scope::read, false, list},
        {"GET", "/v1/certificates/{certificate}", Scope::read, false, show},
        {"GET", "/v1/certificates/{certificate}/chain", Scope::read, false, chain},
        {"POST", "/v1/certificates/{certificate}/revoke", Scope::write, false, revoke},
        {"DELETE", "/v1/certificates/{certificate}", Scope::write, false, remove},
    };
}

}  // namespace api
