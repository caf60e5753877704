#include "alerts/carrier.h"
#include "alerts/signature.h"

#include <fmt/format.h>

namespace alerts {

namespace {

constexpr std::chrono::milliseconds limit{20'000};
constexpr std::size_t most_answer = 64 * 1024;
constexpr std::size_t shown_answer = 120;

base::Error refusal(const http::ClientResponse& response)
{
    auto shown = response.body.substr(0, shown_answer);
    for (auto& c : shown) {
        c = c >= ' ' && c < 127 ? c : ' ';
    }
    const auto told = fmt::format("the receiver answered {} {}", response.status, shown);
    const bool theirs = response.status >= 500 || response.status == 429 || response.status == 408;
    return base::Error(theirs ? base::Errc::unavailable : base::Errc::invalid, told)
        .with_code("webhook_refused")
        .with_fix("The receiver must answer 2xx within 20 seconds.");
}

class WebhookCarrier final : public Carrier {
public:
    WebhookCarrier(http::Client& operators_web, http::Client& tenants_web, const crypto::Sealer& sealer,
                   base::Clock& clock)
        : operators_web_(operators_web), tenants_web_(tenants_web), sealer_(sealer), clock_(clock)
    {
    }

    base::Task<> carry(model::Channel channel, model::Delivery delivery) override
    {
        CO_TRY(secret, sealer_.open(channel.sealed_secret, model::channel_context(channel)));
        const auto timestamp = std::to_string(base::to_millis(clock_.now()) / 1000);
        CO_TRY(signature,
               webhook_signature(base::as_text(secret), delivery.id, timestamp, delivery.document));
        http::ClientRequest request("POST", channel.target);
        request.headers = {{"Content-Type", "application/json"},
                           {"webhook-id", delivery.id},
                           {"webhook-timestamp", timestamp},
                           {"webhook-signature", signature}};
        request.body = delivery.document;
        request.limit = limit;
        request.max_body = most_answer;
        auto& web = channel.tenant.empty() ? operators_web_ : tenants_web_;
        CO_TRY(response, co_await web.send(std::move(request)));
        if (response.status < 200 || response.status > 299) {
            co_return base::fail(refusal(response));
        }
        co_return base::Result<>();
    }

private:
    http::Client& operators_web_;
    http::Client& tenants_web_;
    const crypto::Sealer& sealer_;
    base::Clock& clock_;
};

}  // namespace

std::unique_ptr<Carrier> make_webhook_carrier(http::Client& operators_web, http::Client& tenants_web,
                                              const crypto::Sealer& sealer, base::Clock& clock)
{
    return std::make_unique<WebhookCarrier>(operators_web, tenants_web, sealer, clock);
}

}  // namespace alerts
