#include "soak/model_ca.h"

#include "crypto/certificate.h"
#include "crypto/request_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace soak {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr hours order_life{7 * 24};
constexpr days authorization_reuse{29};

crypto::PrivateCa make_ca(base::Time now)
{
    crypto::PrivateCaOptions options;
    options.name = "Soak CA";
    options.now = now;
    auto made = crypto::PrivateCa::create(options);
    if (!made) {
        throw std::runtime_error(made.error().message());
    }
    return std::move(*made);
}

base::Error problem(base::Errc kind, const std::string& type, const std::string& detail)
{
    return base::Error(kind, detail).with_code("acme:" + type);
}

base::Error refused(const relay::Refusal& refusal)
{
    if (!refusal.retry_after) {
        return problem(base::Errc::rate_limited, "paused", refusal.detail);
    }
    return problem(base::Errc::rate_limited, "rateLimited", refusal.detail)
        .with_retry_after(*refusal.retry_after);
}

acme::RequestKind paced_as(relay::RequestKind kind)
{
    switch (kind) {
        case relay::RequestKind::directory:
            return acme::RequestKind::directory;
        case relay::RequestKind::new_nonce:
            return acme::RequestKind::new_nonce;
        case relay::RequestKind::new_account:
            return acme::RequestKind::new_account;
        case relay::RequestKind::new_order:
            return acme::RequestKind::new_order;
        case relay::RequestKind::revoke:
            return acme::RequestKind::revoke_cert;
        case relay::RequestKind::renewal_info:
            return acme::RequestKind::renewal_info;
        case relay::RequestKind::other:
            break;
    }
    return acme::RequestKind::resource;
}

std::string set_of(std::vector<std::string> identifiers)
{
    std::ranges::sort(identifiers);
    return fmt::format("{}", fmt::join(identifiers, ","));
}

}  // namespace

ModelCa::ModelCa(VirtualClock& clock, const SimulatedDns& dns, const World& world, CaOptions options)
    : clock_(clock),
      dns_(dns),
      world_(world),
      options_(options),
      dice_(options.seed),
      limits_(relay::CaNumbers::production()),
      pacer_(directory_url),
      ca_(make_ca(clock.true_time()))
{
}

base::Task<> ModelCa::arrive(relay::RequestKind kind)
{
    const auto paced = paced_as(kind);
    auto wait = pacer_.take(paced, clock_.now());
    if (!wait) {
        co_return base::fail(std::move(wait).error());
    }
    if (*wait > std::chrono::milliseconds(0)) {
        co_await clock_.sleep(*wait);
    }
    auto received = receive(kind);
    if (!received && received.error().retry_after()) {
        pacer_.overloaded(paced, received.error().retry_after(), clock_.now());
    } else {
        pacer_.answered(paced);
    }
    co_return received;
}

base::Result<> ModelCa::receive(relay::RequestKind kind)
{
    ++counts_.requests;
    const auto now = clock_.true_time();
    if (within(world_.outages, now)) {
        return base::fail(base::Errc::unavailable, "the CA cannot be reached");
    }
    if (const auto refusal = limits_.request("192.0.2.1", kind, now)) {
        ++counts_.refused;
        return base::fail(problem(base::Errc::unavailable, "rateLimited", refusal->detail)
                              .with_retry_after(refusal->retry_after.value_or(std::chrono::seconds(1))));
    }
    if (one_in(options_.one_busy_in)) {
        return base::fail(problem(base::Errc::unavailable, "rateLimited", "Service busy; retry later.")
                              .with_retry_after(std::chrono::seconds(30)));
    }
    return {};
}

// True when the order is exempt from limits (ca-facts 1.2).
base::Result<bool> ModelCa::check_replaces(const acme::NewOrder& wanted)
{
    if (wanted.replaces.empty()) {
        return false;
    }
    const auto found = by_ari_id_.find(wanted.replaces);
    if (found == by_ari_id_.end()) {
        return base::fail(problem(base::Errc::not_found, "malformed", "no such certificate to replace"));
    }
    const auto& certificate = issued_[found->second];
    if (certificate.replaced) {
        return base::fail(problem(base::Errc::conflict, "alreadyReplaced", "replaced by another order"));
    }
    const auto window = window_of(certificate);
    const auto now = clock_.true_time();
    return window.from <= now && now < window.to;
}

std::optional<std::size_t> ModelCa::pending_order(const std::string& account,
                                                  const std::vector<std::string>& identifiers) const
{
    const auto found = newest_order_.find(account + " " + set_of(identifiers));
    if (found == newest_order_.end()) {
        return std::nullopt;
    }
    const auto& order = orders_[found->second];
    const bool open = order.status == "pending" || order.status == "ready";
    return open && clock_.true_time() < order.expires ? std::optional(found->second) : std::nullopt;
}

std::size_t ModelCa::authorize(const std::string& account, const std::string& identifier)
{
    const auto key = account + " " + identifier;
    const auto found = newest_authorization_.find(key);
    if (found != newest_authorization_.end()) {
        const auto& old = authorizations_[found->second];
        if (old.status == "valid" && clock_.true_time() < old.valid_until) {
            return found->second;
        }
    }
    Authorization made;
    made.wildcard = identifier.starts_with("*.");
    made.identifier = made.wildcard ? identifier.substr(2) : identifier;
    authorizations_.push_back(std::move(made));
    newest_authorization_[key] = authorizations_.size() - 1;
    return authorizations_.size() - 1;
}

base::Result<std::size_t> ModelCa::new_order(const std::string& account, const acme::NewOrder& wanted)
{
    std::vector<std::string> identifiers;
    for (const auto& each : wanted.identifiers) {
        identifiers.push_back(each.value);
    }
    if (const auto again = pending_order(account, identifiers)) {
        return *again;
    }
    TRY(ari, check_replaces(wanted));
    const auto now = clock_.true_time();
    if (const auto refusal = limits_.new_order({account, identifiers, ari}, now)) {
        ++counts_.refused;
        return base::fail(refused(*refusal));
    }
    Order made;
    made.account = account;
    made.identifiers = identifiers;
    made.replaces = wanted.replaces;
    made.ari = ari;
    made.expires = now + order_life;
    for (const auto& each : identifiers) {
        made.authorizations.push_back(authorize(account, each));
    }
    if (!made.replaces.empty()) {
        issued_[by_ari_id_.at(made.replaces)].replaced = true;
    }
    settle(made);
    orders_.push_back(std::move(made));
    newest_order_[account + " " + set_of(identifiers)] = orders_.size() - 1;
    return orders_.size() - 1;
}

// HTTP-01 and TLS-ALPN-01 follow the routing record, DNS-01 the delegation; both break together here.
void ModelCa::validate(const std::string& account, std::size_t number, const std::string& type)
{
    auto& authorization = authorizations_[number];
    const auto identifier = (authorization.wildcard ? "*." : "") + authorization.identifier;
    const auto* site = dns_.site_of(identifier);
    const bool reachable = site == nullptr || !dns_.broken_now(*site);
    const bool by_address = type != "dns-01";
    const bool internal = site != nullptr && site->endpoint.kind == model::EndpointKind::internal;
    if (reachable && !(by_address && (internal || authorization.wildcard))) {
        authorization.status = "valid";
        authorization.valid_until = clock_.true_time() + authorization_reuse;
        limits_.validation_succeeded(account, authorization.identifier);
        return;
    }
    ++counts_.failed_proofs;
    authorization.status = "invalid";
    limits_.validation_failed(account, authorization.identifier, clock_.true_time());
}

void ModelCa::settle(Order& order)
{
    if (order.status != "pending") {
        return;
    }
    const auto count = [&](std::string_view status) {
        return std::ranges::count_if(
            order.authorizations, [&](std::size_t each) { return authorizations_[each].status == status; });
    };
    if (count("invalid") > 0) {
        order.status = "invalid";
        if (!order.replaces.empty()) {
            issued_[by_ari_id_.at(order.replaces)].replaced = false;
        }
    } else if (static_cast<std::size_t>(count("valid")) == order.authorizations.size()) {
        order.status = "ready";
    }
}

Interval ModelCa::window_of(const Issued& certificate) const
{
    if (certificate.called_in) {
        return *certificate.called_in;
    }
    const auto middle = certificate.not_after - options_.lifetime / 3;
    const auto half = std::chrono::milliseconds(options_.lifetime) / 100;
    return {middle - half, middle + half};
}

void ModelCa::call_in()
{
    const auto now = clock_.true_time();
    for (auto& each : issued_) {
        if (!each.replaced && now < each.not_after && one_in(3)) {
            each.called_in = Interval{now - hours(1), now - minutes(30)};
        }
    }
}

void ModelCa::judge(const std::string& key, base::Time now)
{
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        return;
    }
    const auto& before = issued_[found->second.back()];
    if (before.not_after - now > options_.lifetime / 2 && !before.called_in) {
        ++counts_.duplicates;
        duplicates_.push_back(fmt::format("{} at {}, though issued at {}", key, base::to_rfc3339(now),
                                          base::to_rfc3339(before.when)));
    }
}

base::Result<> ModelCa::finalize(std::size_t number, base::ByteView csr_der)
{
    auto& order = orders_[number];
    if (order.status != "ready") {
        return base::fail(problem(base::Errc::unauthorized, "orderNotReady", "order is " + order.status));
    }
    TRY(request, crypto::read_request(csr_der));
    const auto now = clock_.true_time();
    crypto::LeafShape shape;
    shape.identifiers = order.identifiers;
    shape.public_der = request.public_der;
    shape.not_before = now - hours(1);
    shape.not_after = shape.not_before + options_.lifetime;
    TRY(leaf, ca_.issue(shape));
    order.chain = crypto::to_pem({leaf}) + ca_.intermediate_pem(0);
    TRY(chain, crypto::parse_chain(order.chain));
    const auto key = set_of(order.identifiers) + (request.key.rsa ? " rsa" : " ecdsa");
    judge(key, now);
    limits_.issued({order.account, order.identifiers, order.ari}, now);
    counts_.ari_renewals += order.ari ? 1 : 0;
    Issued made;
    made.key = key;
    made.when = now;
    made.not_after = shape.not_after;
    made.ari_id = chain.leaf.ari_id;
    order.certificate = issued_.size();
    order.status = "valid";
    by_ari_id_[made.ari_id] = issued_.size();
    by_key_[key].push_back(issued_.size());
    issued_.push_back(std::move(made));
    return {};
}

acme::OrderResource ModelCa::resource_of(std::size_t number) const
{
    const auto& order = orders_[number];
    acme::OrderResource made;
    made.url = fmt::format("https://ca.soak/order/{}", number);
    made.status = order.status;
    for (const auto& each : order.identifiers) {
        made.identifiers.push_back({"dns", each});
    }
    for (const auto each : order.authorizations) {
        made.authorizations.push_back(fmt::format("https://ca.soak/authorization/{}", each));
    }
    made.finalize = made.url;
    made.certificate = order.status == "valid" ? made.url : "";
    made.replaces = order.replaces;
    return made;
}

acme::Authorization ModelCa::resource_of_authorization(std::size_t number) const
{
    const auto& authorization = authorizations_[number];
    acme::Authorization made;
    made.url = fmt::format("https://ca.soak/authorization/{}", number);
    made.identifier = {"dns", authorization.identifier};
    made.wildcard = authorization.wildcard;
    made.status = authorization.status;
    for (const std::string type : {"http-01", "dns-01", "tls-alpn-01"}) {
        acme::Challenge challenge;
        challenge.type = type;
        challenge.url = made.url + "/" + type;
        challenge.token = fmt::format("token{}", number);
        challenge.status = authorization.status;
        if (authorization.status == "invalid") {
            challenge.problem.type = type == "dns-01" ? "unauthorized" : "connection";
            challenge.problem.detail = "broken by the simulation";
        }
        made.challenges.push_back(std::move(challenge));
    }
    return made;
}

// One account. Numbers of orders and authorizations are the ends of their URLs.
class ModelClient final : public acme::Client {
public:
    ModelClient(ModelCa& ca, std::string account) : ca_(ca), account_(std::move(account)) {}

    base::Task<acme::Directory> directory() override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::directory));
        acme::Directory made;
        made.renewal_info = "https://ca.soak/renewal-info";
        made.caa_identities = {"ca.soak"};
        co_return made;
    }
    base::Task<acme::Account> register_account(std::vector<std::string>,
                                               std::optional<acme::ExternalAccount>) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::new_account));
        acme::Account made;
        made.url = account_;
        made.status = "valid";
        co_return made;
    }
    base::Task<acme::Account> find_account() override { return register_account({}, std::nullopt); }
    base::Task<> deactivate_account() override { co_return base::Result<>(); }
    base::Task<> change_key(crypto::PrivateKey) override { co_return base::Result<>(); }
    void use_account(std::string) override {}

    base::Task<acme::OrderResource> new_order(acme::NewOrder order) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::new_order));
        CO_TRY(number, ca_.new_order(account_, order));
        CO_CHECKED(lose_answer());
        co_return ca_.resource_of(number);
    }
    base::Task<acme::OrderResource> fetch_order(std::string url) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::other));
        co_return settled(url);
    }
    base::Task<acme::Authorization> fetch_authorization(std::string url) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::other));
        co_return ca_.resource_of_authorization(number_in(url));
    }
    base::Task<> deactivate_authorization(std::string) override { co_return base::Result<>(); }
    base::Task<acme::Challenge> answer_challenge(std::string url) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::other));
        const auto slash = url.rfind('/');
        ca_.validate(account_, number_in(url.substr(0, slash)), url.substr(slash + 1));
        co_return acme::Challenge();
    }
    base::Task<acme::OrderResource> finalize(std::string url, base::Bytes csr_der) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::other));
        CO_CHECKED(ca_.finalize(number_in(url), csr_der));
        CO_CHECKED(lose_answer());
        co_return ca_.resource_of(number_in(url));
    }
    base::Task<acme::IssuedChain> download(std::string url, std::string) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::other));
        acme::IssuedChain made;
        made.pem = ca_.orders_[number_in(url)].chain;
        co_return made;
    }
    base::Task<> revoke(base::Bytes, int) override { co_return base::Result<>(); }
    base::Task<acme::RenewalInfo> renewal_info(std::string ari_id) override
    {
        CO_CHECKED(co_await ca_.arrive(relay::RequestKind::renewal_info));
        const auto found = ca_.by_ari_id_.find(ari_id);
        if (found == ca_.by_ari_id_.end()) {
            co_return base::fail(problem(base::Errc::not_found, "malformed", "no such certificate"));
        }
        const auto window = ca_.window_of(ca_.issued_[found->second]);
        acme::RenewalInfo made;
        made.start = window.from;
        made.end = window.to;
        made.retry_after = ca_.options_.renewal_info_every;
        co_return made;
    }
    base::Task<acme::OrderResource> wait_for_order(std::string url, std::chrono::seconds) override
    {
        return fetch_order(std::move(url));
    }
    const std::string& thumbprint() const override { return account_; }

private:
    static std::size_t number_in(const std::string& url)
    {
        std::size_t number = 0;
        const auto from = url.rfind('/') + 1;
        std::from_chars(url.data() + from, url.data() + url.size(), number);
        return number;
    }
    acme::OrderResource settled(const std::string& url)
    {
        ca_.settle(ca_.orders_[number_in(url)]);
        return ca_.resource_of(number_in(url));
    }
    base::Result<> lose_answer()
    {
        if (ca_.one_in(ca_.options_.one_lost_in)) {
            ++ca_.counts_.lost;
            return base::fail(base::Errc::unavailable, "the connection was cut before the answer came");
        }
        return {};
    }

    ModelCa& ca_;
    std::string account_;
};

std::unique_ptr<acme::Client> ModelCa::connect(crypto::PrivateKey key)
{
    const auto account = "https://ca.soak/account/" + base::to_hex(key.public_der()).substr(60, 16);
    limits_.override_orders(account, relay::LimitNumbers::in(options_.orders_in_three_hours, hours(3)));
    return std::make_unique<ModelClient>(*this, account);
}

}  // namespace soak
