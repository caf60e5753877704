#include "alerts/carrier.h"
#include "alerts/mail.h"
#include "base/bytes.h"
#include "crypto/digest.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace alerts {

namespace {

namespace json = boost::json;

std::string text_of(const json::object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

// What the mail belongs to: the alert that opened, or all groups of one reason. Never seen before the first
// mail, which takes it as its own id.
std::string thread_of(const json::object& document, const model::Delivery& delivery)
{
    if (const auto* alert = document.if_contains("alert"); alert != nullptr && alert->is_object()) {
        return text_of(alert->as_object(), "id");
    }
    if (!document.contains("alerts")) {
        return {};
    }
    const auto key = delivery.channel + " " + delivery.subject;
    return "grp_" + base::to_hex(crypto::sha256(base::as_bytes(key))).substr(0, 20);
}

class MailCarrier final : public Carrier {
public:
    MailCarrier(http::MailSender* mail, const Options& options) : mail_(mail), options_(options) {}

    base::Task<> carry(model::Channel channel, model::Delivery delivery) override
    {
        if (mail_ == nullptr) {
            co_return base::fail(base::Error(base::Errc::unavailable, "no mail server is configured")
                                     .with_code("mail_not_configured")
                                     .with_fix("Set alerts.smtp in the configuration file."));
        }
        http::Mail mail;
        mail.from = options_.mail_from.empty() ? "certwright@" + options_.domain : options_.mail_from;
        mail.to = channel.target;
        mail.message = message_of(channel, delivery, mail.from);
        co_return co_await mail_->send(std::move(mail));
    }

private:
    std::string message_of(const model::Channel& channel, const model::Delivery& delivery,
                           const std::string& from) const
    {
        boost::system::error_code ignored;
        const auto parsed = json::parse(delivery.document, ignored);
        const json::object document = parsed.is_object() ? parsed.as_object() : json::object();
        const auto at_domain = [this](const std::string& id) { return id + "@" + options_.domain; };
        const auto thread = thread_of(document, delivery);
        const bool first = delivery.type == "alert.opened" && document.contains("alert");
        MailFields fields;
        fields.from = from;
        fields.to = channel.target;
        fields.subject = "[certwright] " + text_of(document, "summary");
        fields.text = text_of(document, "text");
        fields.thread = thread.empty() ? std::string() : at_domain(thread);
        fields.id = at_domain(first ? thread : delivery.id);
        fields.date = delivery.created_at;
        fields.extra = {{"X-Certwright-Id", delivery.id}, {"X-Certwright-Type", delivery.type}};
        return mail_message(fields);
    }

    http::MailSender* mail_;
    const Options& options_;
};

}  // namespace

std::unique_ptr<Carrier> make_mail_carrier(http::MailSender* mail, const Options& options)
{
    return std::make_unique<MailCarrier>(mail, options);
}

}  // namespace alerts
