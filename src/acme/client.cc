#include "acme/client.h"

#include "acme/answer.h"
#include "acme/chain_choice.h"
#include "acme/parse.h"
#include "acme/session.h"
#include "crypto/jose.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace acme {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds least_poll = std::chrono::minutes(1);  // RFC 9773 4.3: within reason
constexpr std::chrono::seconds most_poll = std::chrono::days(1);
constexpr std::chrono::seconds usual_poll = std::chrono::hours(6);  // when the CA does not say
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{10'000};

json::array contact_urls(const std::vector<std::string>& contacts)
{
    json::array urls;
    for (const auto& contact : contacts) {
        urls.emplace_back(contact.contains(':') ? contact : "mailto:" + contact);
    }
    return urls;
}

// RFC 8555 7.3.4.
json::value external_binding(const crypto::PrivateKey& key, const ExternalAccount& external,
                             const std::string& url)
{
    const json::object header{{"alg", "HS256"}, {"kid", external.kid}, {"url", url}};
    return json::parse(crypto::sign_jws_hmac(external.mac_key, json::serialize(header), crypto::to_jwk(key)));
}

// An unknown profile is refused here, where the choice can be told (draft-ietf-acme-profiles 4).
base::Result<> check_profile(const Directory& directory, const std::string& profile)
{
    if (profile.empty() || directory.profiles.contains(profile)) {
        return {};
    }
    std::vector<std::string> offered;
    for (const auto& [name, description] : directory.profiles) {
        offered.push_back(name);
    }
    const auto choice = offered.empty() ? "none" : fmt::format("{}", fmt::join(offered, ", "));
    return base::fail(base::Error(base::Errc::invalid,
                                  fmt::format("The CA has no profile '{}'; it offers: {}.", profile, choice))
                          .with_code("acme:invalidProfile")
                          .with_fix("Choose a profile that the CA offers, or none."));
}

std::string order_body(const NewOrder& order, bool has_ari)
{
    json::array identifiers;
    for (const auto& identifier : order.identifiers) {
        identifiers.push_back(json::object{{"type", identifier.type}, {"value", identifier.value}});
    }
    json::object body{{"identifiers", std::move(identifiers)}};
    if (!order.profile.empty()) {
        body["profile"] = order.profile;
    }
    if (!order.replaces.empty() && has_ari) {
        body["replaces"] = order.replaces;
    }
    return json::serialize(body);
}

class HttpClient final : public Client {
public:
    HttpClient(http::Client& http, base::Clock& clock, std::string directory_url, crypto::PrivateKey key,
               std::shared_ptr<Pacer> pacer)
        : thumbprint_(crypto::thumbprint(key)),
          session_(http, clock, std::move(directory_url), std::move(key), std::move(pacer))
    {
    }

    base::Task<Directory> directory() override { return session_.directory(); }
    base::Task<Account> register_account(std::vector<std::string> contacts,
                                         std::optional<ExternalAccount> external) override;
    base::Task<Account> find_account() override;
    base::Task<> deactivate_account() override;
    base::Task<> change_key(crypto::PrivateKey next) override;
    void use_account(std::string account_url) override { session_.use_account(std::move(account_url)); }
    base::Task<OrderResource> new_order(NewOrder order) override;
    base::Task<OrderResource> fetch_order(std::string url) override;
    base::Task<Authorization> fetch_authorization(std::string url) override;
    base::Task<> deactivate_authorization(std::string url) override;
    base::Task<Challenge> answer_challenge(std::string url) override;
    base::Task<OrderResource> finalize(std::string finalize_url, base::Bytes csr_der) override;
    base::Task<IssuedChain> download(std::string certificate_url, std::string preferred_issuer) override;
    base::Task<> revoke(base::Bytes leaf_der, int reason) override;
    base::Task<RenewalInfo> renewal_info(std::string ari_id) override;
    base::Task<OrderResource> wait_for_order(std::string url, std::chrono::seconds limit) override;
    const std::string& thumbprint() const override { return thumbprint_; }

private:
    base::Task<Account> new_account(std::string payload);
    base::Result<OrderResource> to_order(const http::ClientResponse& answer, std::string url) const;

    const std::string thumbprint_;
    Session session_;
};

base::Task<Account> HttpClient::register_account(std::vector<std::string> contacts,
                                                 std::optional<ExternalAccount> external)
{
    CO_TRY(directory, co_await session_.directory());
    json::object body{{"termsOfServiceAgreed", true}};
    if (!contacts.empty()) {
        body["contact"] = contact_urls(contacts);
    }
    if (external) {
        body["externalAccountBinding"] = external_binding(session_.key(), *external, directory.new_account);
    }
    co_return co_await new_account(json::serialize(body));
}

base::Task<Account> HttpClient::find_account()
{
    return new_account(R"({"onlyReturnExisting":true})");
}

base::Task<Account> HttpClient::new_account(std::string payload)
{
    CO_TRY(directory, co_await session_.directory());
    CO_TRY(answer, co_await session_.post_with_key(directory.new_account, std::move(payload)));
    CO_TRY(account, parse_account(answer.body));
    account.url = answer.headers.find("Location").value_or("");
    account.created = answer.status == 201;
    if (account.url.empty()) {
        co_return base::fail(base::Errc::unavailable, "the CA did not say where the account is");
    }
    session_.use_account(account.url);
    co_return std::move(account);
}

base::Task<> HttpClient::deactivate_account()
{
    auto url = session_.account_url();
    CO_CHECKED(co_await session_.post(std::move(url), R"({"status":"deactivated"})"));
    co_return base::Result<>();
}

// The inner JWS is the new key's; the outer one, as always, the account's.
base::Task<> HttpClient::change_key(crypto::PrivateKey next)
{
    CO_TRY(directory, co_await session_.directory());
    if (directory.key_change.empty()) {
        co_return base::fail(base::Error(base::Errc::not_found, "the CA does not change account keys")
                                 .with_code("key_change_unsupported")
                                 .with_fix("Register a new account with this CA, and make it the default."));
    }
    const auto header =
        fmt::format(R"({{"alg":"{}","jwk":{},"url":{}}})", crypto::jws_algorithm(next), crypto::to_jwk(next),
                    json::serialize(json::string(directory.key_change)));
    const json::object payload{{"account", session_.account_url()},
                               {"oldKey", json::parse(crypto::to_jwk(session_.key()))}};
    CO_TRY(inner, crypto::sign_jws(next, header, json::serialize(payload)));
    CO_CHECKED(co_await session_.post(directory.key_change, inner));
    co_return base::Result<>();
}

base::Result<OrderResource> HttpClient::to_order(const http::ClientResponse& answer, std::string url) const
{
    TRY(order, parse_order(answer.body));
    order.url = url.empty() ? std::string(answer.headers.find("Location").value_or("")) : std::move(url);
    order.retry_after = retry_after(answer.headers, session_.now());
    return std::move(order);
}

base::Task<OrderResource> HttpClient::new_order(NewOrder order)
{
    CO_TRY(directory, co_await session_.directory());
    CO_CHECKED(check_profile(directory, order.profile));
    auto body = order_body(order, !directory.renewal_info.empty());
    CO_TRY(answer, co_await session_.post(directory.new_order, std::move(body)));
    CO_TRY(made, to_order(answer, ""));
    if (made.url.empty()) {
        co_return base::fail(base::Errc::unavailable, "the CA did not say where the order is");
    }
    co_return std::move(made);
}

base::Task<OrderResource> HttpClient::fetch_order(std::string url)
{
    CO_TRY(answer, co_await session_.post(url, ""));
    co_return to_order(answer, std::move(url));
}

base::Task<Authorization> HttpClient::fetch_authorization(std::string url)
{
    CO_TRY(answer, co_await session_.post(url, ""));
    CO_TRY(authorization, parse_authorization(answer.body));
    authorization.url = std::move(url);
    authorization.retry_after = retry_after(answer.headers, session_.now());
    co_return std::move(authorization);
}

base::Task<> HttpClient::deactivate_authorization(std::string url)
{
    CO_CHECKED(co_await session_.post(std::move(url), R"({"status":"deactivated"})"));
    co_return base::Result<>();
}

base::Task<Challenge> HttpClient::answer_challenge(std::string url)
{
    CO_TRY(answer, co_await session_.post(url, "{}"));
    CO_TRY(challenge, parse_challenge(answer.body));
    if (challenge.url.empty()) {
        challenge.url = std::move(url);
    }
    co_return std::move(challenge);
}

base::Task<OrderResource> HttpClient::finalize(std::string finalize_url, base::Bytes csr_der)
{
    auto body = json::serialize(json::object{{"csr", base::to_base64url(csr_der)}});
    CO_TRY(answer, co_await session_.post(std::move(finalize_url), std::move(body)));
    co_return to_order(answer, "");
}

base::Task<IssuedChain> HttpClient::download(std::string certificate_url, std::string preferred_issuer)
{
    CO_TRY(answer, co_await session_.download(std::move(certificate_url)));
    IssuedChain chain;
    chain.pem = std::move(answer.body);
    chain.alternates = links(answer.headers, "alternate");
    if (preferred_issuer.empty()) {
        co_return std::move(chain);
    }
    CO_TRY(top, topmost_issuer(chain.pem));
    if (top == preferred_issuer) {
        co_return std::move(chain);
    }
    constexpr std::size_t most_alternates = 10;
    for (std::size_t i = 0; i < std::min(chain.alternates.size(), most_alternates); ++i) {
        auto other = co_await session_.download(chain.alternates[i]);
        const auto issuer = other ? topmost_issuer(other->body) : base::Result<std::string>("");
        if (issuer && *issuer == preferred_issuer) {
            chain.pem = std::move(other->body);
            break;
        }
    }
    co_return std::move(chain);
}

base::Task<> HttpClient::revoke(base::Bytes leaf_der, int reason)
{
    CO_TRY(directory, co_await session_.directory());
    auto body =
        json::serialize(json::object{{"certificate", base::to_base64url(leaf_der)}, {"reason", reason}});
    const auto answer = co_await session_.post(directory.revoke_cert, std::move(body));
    if (!answer && answer.error().code() != "acme:alreadyRevoked") {
        co_return base::fail(answer.error());
    }
    co_return base::Result<>();
}

base::Task<RenewalInfo> HttpClient::renewal_info(std::string ari_id)
{
    CO_TRY(directory, co_await session_.directory());
    auto url = directory.renewal_info;
    if (url.empty()) {
        co_return base::fail(base::Error(base::Errc::not_found, "the CA has no renewal information")
                                 .with_code("acme:noRenewalInfo"));
    }
    if (!url.ends_with('/')) {
        url += '/';
    }
    CO_TRY(answer, co_await session_.get(url + ari_id));
    CO_TRY(renewal, parse_renewal_info(answer.body));
    const auto wait = retry_after(answer.headers, session_.now()).value_or(usual_poll);
    renewal.retry_after = std::clamp(wait, least_poll, most_poll);
    co_return std::move(renewal);
}

base::Task<OrderResource> HttpClient::wait_for_order(std::string url, std::chrono::seconds limit)
{
    const auto deadline = session_.now() + limit;
    auto pause = first_pause;
    // It has just been said to be under way: at once it would be the same (RFC 8555 7.4), and meet the CA at
    // work on it.
    co_await session_.clock().sleep(pause);
    while (true) {
        auto order = co_await fetch_order(url);
        if (order && order->status != "pending" && order->status != "processing") {
            co_return std::move(order);
        }
        if (!order && order.error().kind() != base::Errc::unavailable) {
            co_return base::fail(order.error());
        }
        const auto told = order ? order->retry_after : order.error().retry_after();
        const auto left = deadline - session_.now();
        if (left <= std::chrono::milliseconds(0) || told > left) {
            base::Error late(base::Errc::timeout,
                             fmt::format("the CA did not finish the order in {} s", limit.count()));
            co_return base::fail(std::move(late).with_retry_after(told.value_or(limit)));
        }
        const std::chrono::milliseconds wait =
            told ? std::max<std::chrono::milliseconds>(*told, first_pause) : pause;
        co_await session_.clock().sleep(std::min<std::chrono::milliseconds>(wait, left));
        pause = std::min(2 * pause, longest_pause);
    }
}

}  // namespace

std::unique_ptr<Client> make_client(http::Client& http, base::Clock& clock, std::string directory_url,
                                    crypto::PrivateKey account_key, std::shared_ptr<Pacer> pacer)
{
    return std::make_unique<HttpClient>(http, clock, std::move(directory_url), std::move(account_key),
                                        std::move(pacer));
}

}  // namespace acme
