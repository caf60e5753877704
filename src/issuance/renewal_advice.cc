#include "issuance/renewal_advice.h"

#include "base/random.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Errors that pass are asked about again soon, and like lasting ones after some tries (RFC 9773 4.3.3).
constexpr int most_quick_tries = 5;
constexpr seconds first_retry = std::chrono::minutes(1);
constexpr seconds lasting_retry = std::chrono::hours(6);
constexpr seconds least_wait = std::chrono::minutes(1);
constexpr seconds most_wait = std::chrono::days(1);
// A poll that a node took and never came back from is another node's after this.
constexpr seconds taken_for = std::chrono::minutes(10);
// From the instant chosen to the CA's clock: the queue, and DNS and CAA asked again.
constexpr seconds last_moments = std::chrono::minutes(15);

milliseconds random_below(milliseconds bound)
{
    return milliseconds(bound.count() > 0 ? base::random_below(static_cast<std::uint64_t>(bound.count()))
                                          : 0);
}

// Polls that began together do not stay together.
milliseconds spread(seconds wait)
{
    return wait + random_below(milliseconds(wait) / 20);
}

using enum model::CertificateState;

bool is_over(const base::Result<model::Certificate>& certificate, base::Time now)
{
    return !certificate || certificate->state == superseded || certificate->state == revoked ||
           certificate->not_after <= now;
}

// Its renewals were stopped (moved away, removed): no advice starts them again. They may go on one day.
bool is_stopped(const model::Certificate& certificate)
{
    return !certificate.renew_at.has_value();
}

bool passes(const base::Error& error)
{
    return error.kind() == base::Errc::unavailable || error.kind() == base::Errc::timeout ||
           error.kind() == base::Errc::rate_limited;
}

base::Result<> append_explanation(store::Transaction& tx, const model::Certificate& certificate,
                                  const model::RenewalAdvice& advice, base::Time now)
{
    model::Event event;
    event.tenant = certificate.tenant;
    event.subject = certificate.endpoint.empty() ? "platform" : certificate.endpoint;
    event.type = "certificate.renewal.advised";
    event.message =
        fmt::format("The certificate authority wants the certificate of {} renewed by {} and says why: {}",
                    certificate.identifiers.empty() ? certificate.id : certificate.identifiers.front(),
                    base::to_rfc3339(*advice.window_end), advice.explanation_url);
    event.data["certificate"] = certificate.id;
    event.data["explanation_url"] = advice.explanation_url;
    event.created_at = now;
    return tx.events.append(event);
}

}  // namespace

milliseconds choices_within(base::Time start, base::Time end)
{
    const milliseconds length = end - start;
    return length - std::min<milliseconds>(last_moments, length / 10);
}

base::Time advised_renewal(const model::Certificate& certificate, base::Time chosen)
{
    const auto lifetime = certificate.not_after - certificate.not_before;
    const auto earliest =
        certificate.created_at + std::min<milliseconds>(std::chrono::minutes(10), lifetime / 100);
    const auto latest = certificate.not_after - lifetime / 10;
    return std::max(std::min(chosen, latest), earliest);
}

base::Result<> begin_advice(store::Transaction& tx, const model::Certificate& certificate,
                            const std::string& ari_id)
{
    if (ari_id.empty() || certificate.account.empty()) {
        return {};
    }
    model::RenewalAdvice advice;
    advice.ari_id = ari_id;
    advice.certificate = certificate.id;
    advice.account = certificate.account;
    advice.next_poll_at = certificate.created_at;
    return tx.advice.put(advice);
}

base::Result<> end_advice(store::Transaction& tx, const std::string& certificate)
{
    TRY(advice, tx.advice.of_certificate(certificate));
    return advice ? tx.advice.remove(advice->ari_id) : base::Result<>();
}

base::Result<> apply_answer(store::Transaction& tx, const std::string& ari_id, const acme::RenewalInfo& info,
                            base::Time now)
{
    TRY(advice, tx.advice.get(ari_id));
    if (!advice) {
        return {};
    }
    const auto certificate = tx.certificates.facts(advice->certificate);
    if (is_over(certificate, now)) {
        return tx.advice.remove(ari_id);
    }
    if (advice->window_start != info.start || advice->window_end != info.end || !advice->chosen_at) {
        advice->window_start = info.start;
        advice->window_end = info.end;
        advice->chosen_at = info.start + random_below(choices_within(info.start, info.end));
    }
    const bool explained = !info.explanation_url.empty() && info.explanation_url != advice->explanation_url;
    advice->explanation_url = info.explanation_url;
    advice->answered_at = now;
    advice->failures = 0;
    advice->next_poll_at = now + spread(std::clamp(info.retry_after, least_wait, most_wait));
    CHECKED(tx.advice.put(*advice));
    if (is_stopped(*certificate)) {
        return {};
    }
    if (explained) {
        CHECKED(append_explanation(tx, *certificate, *advice, now));
    }
    const auto renew_at = advised_renewal(*certificate, *advice->chosen_at);
    return certificate->renew_at == renew_at ? base::Result<>()
                                             : tx.certificates.renew_at(certificate->id, renew_at);
}

base::Result<> apply_failure(store::Transaction& tx, const std::string& ari_id, const base::Error& error,
                             base::Time now)
{
    TRY(advice, tx.advice.get(ari_id));
    if (!advice) {
        return {};
    }
    advice->failures += 1;
    if (error.code() == "acme:noRenewalInfo") {
        advice->next_poll_at.reset();
        return tx.advice.put(*advice);
    }
    auto wait = lasting_retry;
    if (passes(error) && advice->failures < most_quick_tries) {
        wait = error.retry_after().value_or(first_retry * (1 << (2 * (advice->failures - 1))));
    } else if (passes(error)) {
        wait = std::max(error.retry_after().value_or(wait), wait);
    }
    advice->next_poll_at = now + spread(std::clamp(wait, least_wait, most_wait));
    return tx.advice.put(*advice);
}

base::Result<std::vector<model::RenewalAdvice>> take_due_advice(store::Transaction& tx, base::Time now,
                                                                std::size_t limit)
{
    TRY(due, tx.advice.due(now, limit));
    std::vector<model::RenewalAdvice> taken;
    for (auto& each : due) {
        const auto certificate = tx.certificates.facts(each.certificate);
        if (is_over(certificate, now)) {
            CHECKED(tx.advice.remove(each.ari_id));
            continue;
        }
        const bool stopped = is_stopped(*certificate);
        each.next_poll_at = now + (stopped ? spread(lasting_retry) : milliseconds(taken_for));
        CHECKED(tx.advice.ask_at(each.ari_id, *each.next_poll_at));
        if (!stopped) {
            taken.push_back(std::move(each));
        }
    }
    return taken;
}

}  // namespace issuance
