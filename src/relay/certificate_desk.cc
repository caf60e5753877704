#include "relay/certificate_desk.h"

#include "crypto/certificate.h"
#include "relay/fields.h"
#include "relay/renewal.h"

#include <fmt/format.h>

#include <charconv>

namespace relay {

namespace {

// RFC 5280 5.3.1, those that subscribers may use.
constexpr int reasons[] = {0, 1, 3, 4, 5};

// Which chain: none given is the first; out of range is too many.
std::size_t chain_number(const std::vector<std::string>& ids)
{
    std::size_t number = ids.size() > 1 ? ids[1].size() + 1'000 : 0;
    if (ids.size() > 1) {
        const auto& text = ids[1];
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        number = failure == std::errc() && end == text.data() + text.size() ? number : 1'000;
    }
    return number;
}

}  // namespace

Answer CertificateDesk::certificate(Request& request)
{
    CO_CHECKED(only_post_as_get(request));
    CO_TRY(found, checked(co_await world_.state.certificate(request.place.ids.at(0))));
    const auto number = chain_number(request.place.ids);
    if (found.account != request.account->id) {
        co_return unauthorized("Account in use did not issue specified certificate");
    }
    if (number >= found.chains.size()) {
        co_return refuse(404, "malformed", "Unknown issuance chain");
    }
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(found.identifiers)));
    Reply reply;
    reply.headers.add("Content-Type", "application/pem-certificate-chain");
    for (std::size_t i = 0; i < found.chains.size(); ++i) {
        if (i != number) {
            const auto url =
                request.url("/acme/cert/", i == 0 ? found.id : fmt::format("{}/{}", found.id, i));
            reply.headers.add("Link", fmt::format("<{}>;rel=\"alternate\"", url));
        }
    }
    reply.body = found.chains[number];
    co_return std::move(reply);
}

boost::asio::awaitable<Checked<>> CertificateDesk::may_revoke(const Request& request,
                                                              const Certificate& certificate)
{
    if (request.key) {
        const bool own = base::to_base64url(request.key->public_der()) == certificate.public_key;
        co_return own ? Checked<>()
                      : unauthorized(
                            "JWK embedded in revocation request must be the same public key as "
                            "the cert to be revoked");
    }
    if (certificate.account == request.account->id) {
        co_return Checked<>();
    }
    // Whoever controls all names now may revoke too.
    for (auto name : certificate.identifiers) {
        const bool wildcard = name.value.starts_with("*.");
        name.value = wildcard ? name.value.substr(2) : name.value;
        bool controls = false;
        for (const auto& [profile, rules] : world_.settings.profiles) {
            CO_TRY(found, checked(co_await world_.state.valid_authorization(request.account->id, name,
                                                                            wildcard, profile)));
            controls = controls || (found && found->expires_at > world_.now());
        }
        if (!controls) {
            co_return unauthorized(
                "The account did not order the certificate, and has no valid authorization for " +
                name.value);
        }
    }
    co_return Checked<>();
}

Answer CertificateDesk::revoke(Request& request)
{
    CO_TRY(payload, payload_object(request));
    Fields fields(payload);
    const auto text = fields.text("certificate").value_or("");
    const auto* wanted = fields.any("reason");
    const auto reason = wanted == nullptr ? std::optional<std::int64_t>(0) : fields.number("reason", 0, 10);
    if (!reason || std::ranges::find(reasons, static_cast<int>(*reason)) == std::end(reasons)) {
        co_return refuse(400, "badRevocationReason",
                         "Unsupported revocation reason code. Supported: 0, 1, 3, 4, 5");
    }
    const auto der = base::from_base64url(text);
    const auto parsed = der && !der->empty()
                            ? crypto::parse_chain(crypto::to_pem({*der}))
                            : base::Result<crypto::Chain>(base::fail(base::Errc::invalid, "empty"));
    if (!parsed) {
        co_return malformed("Unable to parse revoke certificate request: " + parsed.error().message());
    }
    CO_TRY(found, checked(co_await world_.state.certificate_by_sha256(parsed->leaf.sha256)));
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(found.identifiers)));
    CO_CHECKED(co_await may_revoke(request, found));
    CO_CHECKED(co_await mark_revoked(found.id, static_cast<int>(*reason)));
    co_return Reply();
}

boost::asio::awaitable<Checked<>> CertificateDesk::mark_revoked(std::string certificate, int reason)
{
    const Change<Certificate> change = [&](Certificate& record) -> base::Result<> {
        if (record.revoked_at != 0) {
            return base::fail(base::Errc::conflict, "Certificate already revoked");
        }
        record.revoked_at = world_.now();
        record.reason = reason;
        return {};
    };
    auto changed = co_await world_.state.change_certificate(std::move(certificate), change);
    if (!changed && changed.error().kind() == base::Errc::conflict) {
        co_return refuse(400, "alreadyRevoked", changed.error().message());
    }
    CO_CHECKED(checked(std::move(changed)));
    co_return Checked<>();
}

Answer CertificateDesk::renewal_info(Request& request)
{
    auto found = co_await world_.state.certificate_by_ari(request.place.ids.at(0));
    if (!found && found.error().kind() == base::Errc::not_found) {
        co_return refuse(404, "malformed", "Requested certificate was not found");
    }
    CO_TRY(certificate, checked(std::move(found)));
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(certificate.identifiers)));
    const auto window = window_of(certificate, world_);
    boost::json::object body{
        {"suggestedWindow",
         {{"start", base::to_rfc3339(window.start)}, {"end", base::to_rfc3339(window.end)}}}};
    if (!window.explanation_url.empty()) {
        body["explanationURL"] = window.explanation_url;
    }
    auto reply = json_reply(200, body);
    if (window.raw) {
        reply.body = *window.raw;
    }
    const auto& behaviour = world_.faults.behaviour;
    add_retry_after(reply, world_, window.retry_after.value_or(behaviour.renewal_poll),
                    behaviour.retry_as_date);
    co_return std::move(reply);
}

}  // namespace relay
