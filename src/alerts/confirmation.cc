#include "alerts/confirmation.h"

#include "alerts/document.h"
#include "alerts/notices.h"
#include "base/ascii.h"
#include "base/bytes.h"
#include "base/random.h"
#include "issuance/token_bucket.h"

#include <fmt/format.h>

#include <algorithm>

namespace alerts {

namespace {

constexpr std::size_t code_length = 12;  // 60 bits: more than can be tried out
constexpr double daily_of_tenant_to_address = 5;
constexpr double daily_of_tenant = 20;
constexpr double daily_to_address = 20;  // from all tenants
constexpr std::chrono::hours day{24};

// As people type it.
std::string plain(std::string code)
{
    std::erase_if(code, [](char c) { return c == '-' || c == ' '; });
    return base::to_lower(code);
}

// One limit of mails with codes, and what people are told who meet it.
struct MailLimit {
    std::string subject;
    double daily;
    std::string refusal;
    std::string fix;
};

// A persisted bucket, so that whoever makes and removes channels sends no more.
base::Result<> take_mail(store::Transaction& tx, const MailLimit& limit, base::Time now)
{
    const auto& subject = limit.subject;
    const auto daily = limit.daily;
    model::Bucket bucket;
    bucket.owner = "alerts";
    bucket.limit = "confirmations";
    bucket.subject = subject;
    bucket.key = fmt::format("{}/{}/{}", bucket.owner, bucket.limit, subject);
    bucket.level = daily;
    bucket.updated_at = now;
    TRY(known, tx.budgets.get(bucket.key));
    bucket = known.value_or(bucket);
    bucket.capacity = daily;
    bucket.period_ms = std::chrono::milliseconds(day).count();
    issuance::refill(bucket, now);
    if (const auto wait = issuance::wait_for(bucket, 0, now); wait.count() > 0) {
        return base::fail(base::Error(base::Errc::rate_limited, limit.refusal)
                              .with_code("confirmation_too_soon")
                              .with_fix(limit.fix)
                              .with_retry_after(std::chrono::ceil<std::chrono::seconds>(wait)));
    }
    issuance::take(bucket);
    issuance::spend(bucket);
    return tx.budgets.put(bucket);
}

}  // namespace

bool needs_confirmation(const model::Channel& channel)
{
    return !channel.tenant.empty() && channel.kind == model::ChannelKind::email;
}

bool may_hear(const model::Channel& channel)
{
    return !needs_confirmation(channel) || channel.sealed_secret.empty();
}

base::Result<> send_confirmation(store::Transaction& tx, const crypto::Sealer& sealer, const Options& options,
                                 model::Channel& channel, base::Time now)
{
    if (!options.sends_mail) {
        return base::fail(base::Error(base::Errc::unavailable, "no mail server is configured")
                              .with_code("mail_not_configured")
                              .with_fix("Use a webhook, or ask the operator to set alerts.smtp."));
    }
    const std::string later = "Use the code of the newest mail, or ask for another one later.";
    CHECKED(take_mail(tx,
                      {"tenant/" + channel.tenant + "/address/" + channel.target, daily_of_tenant_to_address,
                       fmt::format("{} codes were mailed to {} for {} today", daily_of_tenant_to_address,
                                   channel.target, channel.tenant),
                       later},
                      now));
    CHECKED(
        take_mail(tx,
                  {"tenant/" + channel.tenant, daily_of_tenant,
                   fmt::format("{} codes were mailed for {} today", daily_of_tenant, channel.tenant), later},
                  now));
    CHECKED(
        take_mail(tx,
                  {"address/" + channel.target, daily_to_address,
                   fmt::format("too many accounts had codes mailed to {} today", channel.target),
                   "Use a webhook or another address, or ask again later; if it goes on, tell the operator: "
                   "somebody may be misusing that address."},
                  now));
    const auto code = base::random_label(code_length);
    channel.sealed_secret = sealer.seal(base::as_bytes(code), model::channel_context(channel));
    const auto shown = fmt::format("{}-{}-{}", code.substr(0, 4), code.substr(4, 4), code.substr(8));
    const auto id = base::new_id("dlv");
    const auto document =
        notice_document(id, confirmation_type, now, text_of_confirmation(channel, shown), "", nullptr);
    auto ready = channel;
    ready.failures = 0;  // A subject of its own, which waits for nothing else.
    return put_into_outbox(tx, ready, id, "confirm/" + id, confirmation_type, json::serialize(document), now);
}

base::Result<> confirm(const crypto::Sealer& sealer, model::Channel& channel, const std::string& code)
{
    TRY(wanted, sealer.open(channel.sealed_secret, model::channel_context(channel)));
    if (base::as_text(wanted) != plain(code)) {
        return base::fail(
            base::Error(base::Errc::invalid, "this is not the code that was mailed last")
                .with_code("code_wrong")
                .with_fix(
                    "Copy it from the newest mail, or have another one sent: certwright channel confirm " +
                    channel.id));
    }
    channel.sealed_secret.clear();
    return {};
}

}  // namespace alerts
