#include "relay/ca_limits.h"

#include "model/domain_name.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace relay {

namespace {

using std::chrono::microseconds;

constexpr std::chrono::days renewal_memory{120};
constexpr std::size_t most_violations = 1000;
constexpr std::size_t spends_between_cleanings = 100'000;

std::int64_t micros(base::Time time)
{
    return microseconds(time.time_since_epoch()).count();
}

std::string set_key(std::vector<std::string> identifiers)
{
    std::ranges::sort(identifiers);
    const auto repeated = std::ranges::unique(identifiers);
    identifiers.erase(repeated.begin(), repeated.end());
    return fmt::format("{}", fmt::join(identifiers, ","));
}

// Failures are counted for the name that the authorization is about.
std::string_view without_wildcard(std::string_view identifier)
{
    return identifier.starts_with("*.") ? identifier.substr(2) : identifier;
}

std::string failure_key(const std::string& account, std::string_view identifier)
{
    return account + " " + std::string(without_wildcard(identifier));
}

// The first `octets` octets of an IPv6 address as its network.
std::string network_of(boost::asio::ip::address_v6 address, std::size_t octets)
{
    auto bytes = address.to_bytes();
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(octets), bytes.end(), std::uint8_t{0});
    return fmt::format("{}/{}", boost::asio::ip::address_v6(bytes).to_string(), octets * 8);
}

// What certificates are counted for: the registrable domain, an IPv4 address, the /64 of an IPv6 address.
std::string counted_domain(const std::string& identifier)
{
    boost::system::error_code not_address;
    const auto address = boost::asio::ip::make_address(identifier, not_address);
    if (!not_address) {
        return address.is_v6() ? network_of(address.to_v6(), 8) : identifier;
    }
    const auto name = model::DomainName::parse(identifier);
    if (!name) {
        return identifier;
    }
    return name->registrable().empty() ? std::string(name->base()) : name->registrable();
}

}  // namespace

CaLimits::CaLimits(CaNumbers numbers) : numbers_(std::move(numbers)) {}

LimitNumbers CaLimits::numbers_of(CaLimit limit) const
{
    const auto found = numbers_.limits.find(limit);
    return found == numbers_.limits.end() ? LimitNumbers() : found->second;
}

CaLimits::Use CaLimits::use(CaLimit limit, std::string key, std::string what) const
{
    return Use{limit, std::move(key), numbers_of(limit), std::move(what)};
}

std::optional<Refusal> CaLimits::register_account(const std::string& address, base::Time now)
{
    std::vector<Use> uses{use(CaLimit::registrations_per_address, address, address)};
    boost::system::error_code failure;
    const auto parsed = boost::asio::ip::make_address(address, failure);
    if (!failure && parsed.is_v6()) {
        const auto network = network_of(parsed.to_v6(), 6);
        uses.push_back(use(CaLimit::registrations_per_range, network, network));
    }
    if (auto refusal = refuse(uses, now)) {
        return refusal;
    }
    for (const auto& each : uses) {
        spend(each, now);
    }
    return std::nullopt;
}

std::optional<Refusal> CaLimits::request(const std::string& address, RequestKind kind, base::Time now)
{
    const auto found = numbers_.requests.find(kind);
    if (found == numbers_.requests.end()) {
        return std::nullopt;
    }
    const Use one{CaLimit::requests, fmt::format("{} {}", address, static_cast<int>(kind)), found->second,
                  address};
    if (spend(one, now)) {
        return std::nullopt;
    }
    violate(CaLimit::requests, one.key, now, true);
    Refusal refusal;
    refusal.limit = CaLimit::requests;
    refusal.detail = "Service busy; retry later.";
    refusal.retry_after = std::chrono::ceil<std::chrono::seconds>(microseconds(look(one, now).wait));
    return refusal;
}

std::optional<Refusal> CaLimits::new_order(const LimitedOrder& order, base::Time now)
{
    if (auto refusal = refuse_paused(order, now)) {
        return refusal;
    }
    if (order.ari) {
        return std::nullopt;
    }
    const auto checks = order_checks(order, now);
    if (auto refusal = refuse(checks, now)) {
        return refusal;
    }
    for (const auto& each : checks) {
        if (each.limit == CaLimit::new_orders) {
            spend(each, now);
        }
    }
    return std::nullopt;
}

void CaLimits::refund_order(const LimitedOrder& order, base::Time now)
{
    if (order.ari || is_renewal(order.identifiers, now)) {
        return;
    }
    auto& bucket = buckets_[CaLimit::new_orders];
    const auto found = bucket.find(order.account);
    if (found != bucket.end()) {
        const auto override_found = order_overrides_.find(order.account);
        const auto numbers = override_found == order_overrides_.end() ? numbers_of(CaLimit::new_orders)
                                                                      : override_found->second;
        found->second -= numbers.refill.count();
    }
}

void CaLimits::validation_failed(const std::string& account, const std::string& identifier, base::Time now)
{
    const auto key = failure_key(account, identifier);
    const std::string name(without_wildcard(identifier));
    if (!spend(use(CaLimit::failures, key, name), now)) {
        violate(CaLimit::failures, key, now, false);
    }
    const auto consecutive = use(CaLimit::paused, key, name);
    spend(consecutive, now);
    if (!look(consecutive, now).allowed) {
        paused_[account].try_emplace(name, now);
    }
}

void CaLimits::validation_succeeded(const std::string& account, const std::string& identifier)
{
    buckets_[CaLimit::paused].erase(failure_key(account, identifier));
}

void CaLimits::issued(const LimitedOrder& order, base::Time now)
{
    std::vector<Use> uses{use(CaLimit::exact_set, set_key(order.identifiers), "")};
    if (!is_renewal(order.identifiers, now)) {
        std::ranges::copy(domain_uses(order), std::back_inserter(uses));
    }
    for (const auto& each : uses) {
        if (!spend(each, now) && !order.ari) {
            violate(each.limit, each.key, now, false);
        }
    }
    sets_[set_key(order.identifiers)] = now;
}

void CaLimits::pause(const std::string& account, const std::string& identifier, base::Time now)
{
    paused_[account].try_emplace(std::string(without_wildcard(identifier)), now);
}

std::size_t CaLimits::unpause(const std::string& account)
{
    const auto found = paused_.find(account);
    if (found == paused_.end()) {
        return 0;
    }
    for (const auto& [identifier, since] : found->second) {
        buckets_[CaLimit::paused].erase(failure_key(account, identifier));
    }
    const auto count = found->second.size();
    paused_.erase(found);
    return count;
}

void CaLimits::override_orders(const std::string& account, LimitNumbers numbers)
{
    order_overrides_[account] = numbers;
}

void CaLimits::override_domain(const std::string& domain, LimitNumbers numbers)
{
    domain_overrides_[domain] = numbers;
}

void CaLimits::override_domains_of(const std::string& account, LimitNumbers numbers)
{
    domain_overrides_by_account_[account] = numbers;
}

bool CaLimits::is_renewal(const std::vector<std::string>& identifiers, base::Time now) const
{
    const auto found = sets_.find(set_key(identifiers));
    return found != sets_.end() && now - found->second <= renewal_memory;
}

// An account with numbers of its own for domains is counted apart from everybody else (Boulder's
// CertificatesPerDomainPerAccount).
std::vector<CaLimits::Use> CaLimits::domain_uses(const LimitedOrder& order) const
{
    std::set<std::string> domains;
    for (const auto& identifier : order.identifiers) {
        domains.insert(counted_domain(identifier));
    }
    std::vector<Use> uses;
    const auto of_account = domain_overrides_by_account_.find(order.account);
    for (const auto& domain : domains) {
        auto one = use(CaLimit::registered_domain, domain, domain);
        const auto of_domain = domain_overrides_.find(domain);
        if (of_account != domain_overrides_by_account_.end()) {
            one.key = order.account + " " + domain;
            one.numbers = of_account->second;
        } else if (of_domain != domain_overrides_.end()) {
            one.numbers = of_domain->second;
        }
        uses.push_back(std::move(one));
    }
    return uses;
}

std::vector<CaLimits::Use> CaLimits::order_checks(const LimitedOrder& order, base::Time now) const
{
    std::vector<Use> uses;
    if (!is_renewal(order.identifiers, now)) {
        uses = domain_uses(order);
        auto orders = use(CaLimit::new_orders, order.account, "");
        if (const auto found = order_overrides_.find(order.account); found != order_overrides_.end()) {
            orders.numbers = found->second;
        }
        uses.push_back(std::move(orders));
    }
    uses.push_back(use(CaLimit::exact_set, set_key(order.identifiers), ""));
    for (const auto& identifier : order.identifiers) {
        uses.push_back(use(CaLimit::failures, failure_key(order.account, identifier),
                           std::string(without_wildcard(identifier))));
    }
    return uses;
}

CaLimits::Answer CaLimits::look(const Use& use, base::Time now) const
{
    Answer answer;
    const auto buckets = buckets_.find(use.limit);
    if (use.numbers.capacity == 0 || buckets == buckets_.end()) {
        return answer;
    }
    const auto bucket = buckets->second.find(use.key);
    if (bucket == buckets->second.end()) {
        return answer;
    }
    const auto step = use.numbers.refill.count();
    answer.whole = std::max<std::int64_t>(bucket->second - micros(now), 0);
    answer.wait = std::max<std::int64_t>(answer.whole + step - use.numbers.capacity * step, 0);
    answer.allowed = answer.wait == 0;
    return answer;
}

bool CaLimits::spend(const Use& use, base::Time now)
{
    if (use.numbers.capacity == 0) {
        return true;
    }
    if (!look(use, now).allowed) {
        return false;
    }
    auto& whole_at = buckets_[use.limit][use.key];
    whole_at = std::max(whole_at, micros(now)) + use.numbers.refill.count();
    if (++spent_ % spends_between_cleanings == 0) {
        forget_old(now);
    }
    return true;
}

std::optional<Refusal> CaLimits::refuse_paused(const LimitedOrder& order, base::Time now)
{
    const auto of_account = paused_.find(order.account);
    Refusal refusal;
    for (const auto& identifier : order.identifiers) {
        const std::string name(without_wildcard(identifier));
        if (of_account != paused_.end() && of_account->second.contains(name)) {
            refusal.identifiers.push_back(name);
        }
    }
    if (refusal.identifiers.empty()) {
        return std::nullopt;
    }
    refusal.limit = CaLimit::paused;
    refusal.detail = fmt::format(
        "Your account is temporarily prevented from requesting certificates for {} and possibly others.",
        fmt::join(refusal.identifiers, ", "));
    violate(CaLimit::paused, order.account, now, true);
    return refusal;
}

std::optional<Refusal> CaLimits::refuse(const std::vector<Use>& uses, base::Time now)
{
    const Use* worst = nullptr;
    Answer answer;
    for (const auto& each : uses) {
        const auto one = look(each, now);
        if (!one.allowed) {
            violate(each.limit, each.key, now, true);
        }
        if (!one.allowed && (worst == nullptr || one.whole > answer.whole)) {
            worst = &each;
            answer = one;
        }
    }
    if (worst == nullptr) {
        return std::nullopt;
    }
    Refusal refusal;
    refusal.limit = worst->limit;
    refusal.retry_after = std::chrono::ceil<std::chrono::seconds>(microseconds(answer.wait));
    refusal.detail = refusal_text(worst->limit, worst->numbers, worst->what, now + *refusal.retry_after);
    return refusal;
}

void CaLimits::violate(CaLimit limit, std::string key, base::Time now, bool refused)
{
    ++violation_count_;
    if (violations_.size() < most_violations) {
        violations_.push_back({limit, std::move(key), now, refused});
    }
}

void CaLimits::forget_old(base::Time now)
{
    for (auto& [limit, buckets] : buckets_) {
        std::erase_if(buckets, [at = micros(now)](const auto& bucket) { return bucket.second <= at; });
    }
    std::erase_if(sets_, [now](const auto& set) { return now - set.second > renewal_memory; });
}

}  // namespace relay
