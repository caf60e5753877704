// The numbers of Let's Encrypt, and its words.
#include "relay/ca_limits.h"

#include <fmt/format.h>

namespace relay {

namespace {

// As Go prints durations: "3h0m0s".
std::string duration_text(std::int64_t microseconds_total)
{
    const auto total = (microseconds_total + 999'999) / 1'000'000;
    return fmt::format("{}h{}m{}s", total / 3600, total / 60 % 60, total % 60);
}

std::string time_text(base::Time time)
{
    auto text = base::to_rfc3339(time);  // 2026-01-01T00:18:15Z
    text[10] = ' ';
    text.pop_back();
    return text + " UTC";
}

std::string_view anchor(CaLimit limit)
{
    switch (limit) {
        case CaLimit::registrations_per_address:
            return "#new-registrations-per-ip-address";
        case CaLimit::registrations_per_range:
            return "#new-registrations-per-ipv6-range";
        case CaLimit::new_orders:
            return "#new-orders-per-account";
        case CaLimit::failures:
            return "#authorization-failures-per-identifier-per-account";
        case CaLimit::registered_domain:
            return "#new-certificates-per-registered-domain";
        case CaLimit::exact_set:
            return "#new-certificates-per-exact-set-of-identifiers";
        case CaLimit::paused:
            return "#consecutive-authorization-failures-per-identifier-per-account";
        case CaLimit::requests:
            return "#overall-requests-limit";
    }
    return "";
}

std::string what_is_too_much(CaLimit limit, std::int64_t capacity, const std::string& what)
{
    switch (limit) {
        case CaLimit::registrations_per_address:
            return fmt::format("too many new registrations ({}) from this IP address", capacity);
        case CaLimit::registrations_per_range:
            return fmt::format("too many new registrations ({}) from this /48 subnet of IPv6 addresses",
                               capacity);
        case CaLimit::new_orders:
            return fmt::format("too many new orders ({}) from this account", capacity);
        case CaLimit::failures:
            return fmt::format("too many failed authorizations ({}) for \"{}\"", capacity, what);
        case CaLimit::registered_domain:
            return fmt::format("too many certificates ({}) already issued for \"{}\"", capacity, what);
        case CaLimit::exact_set:
            return fmt::format("too many certificates ({}) already issued for this exact set of identifiers",
                               capacity);
        case CaLimit::paused:
        case CaLimit::requests:
            break;
    }
    return "too many requests";
}

}  // namespace

std::string_view to_string(CaLimit limit)
{
    switch (limit) {
        case CaLimit::registrations_per_address:
            return "registrations_per_address";
        case CaLimit::registrations_per_range:
            return "registrations_per_range";
        case CaLimit::new_orders:
            return "new_orders";
        case CaLimit::failures:
            return "failures";
        case CaLimit::registered_domain:
            return "registered_domain";
        case CaLimit::exact_set:
            return "exact_set";
        case CaLimit::paused:
            return "paused";
        case CaLimit::requests:
            return "requests";
    }
    return "";
}

CaNumbers CaNumbers::production()
{
    using namespace std::chrono_literals;
    CaNumbers numbers;
    numbers.limits = {
        {CaLimit::registrations_per_address, LimitNumbers::in(10, 3h)},
        {CaLimit::registrations_per_range, LimitNumbers::in(500, 3h)},
        {CaLimit::new_orders, LimitNumbers::in(300, 3h)},
        {CaLimit::failures, LimitNumbers::in(5, 1h)},
        {CaLimit::registered_domain, LimitNumbers::in(50, 7 * 24h)},
        {CaLimit::exact_set, LimitNumbers::in(5, 7 * 24h)},
        {CaLimit::paused, LimitNumbers{1152, 24h}},
    };
    numbers.requests = {
        {RequestKind::directory, {40, 25'000us}},    {RequestKind::new_nonce, {10, 50'000us}},
        {RequestKind::new_account, {15, 200'000us}}, {RequestKind::new_order, {200, 3'333us}},
        {RequestKind::revoke, {100, 100'000us}},     {RequestKind::renewal_info, {100, 1'000us}},
        {RequestKind::other, {125, 4'000us}},
    };
    return numbers;
}

CaNumbers CaNumbers::staging()
{
    using namespace std::chrono_literals;
    auto numbers = production();
    numbers.limits[CaLimit::registrations_per_address] = LimitNumbers::in(50, 3h);
    numbers.limits[CaLimit::new_orders] = LimitNumbers::in(1500, 3h);
    numbers.limits[CaLimit::failures] = LimitNumbers::in(200, 1h);
    numbers.limits[CaLimit::registered_domain] = LimitNumbers::in(30'000, 1s);
    numbers.limits[CaLimit::exact_set] = LimitNumbers::in(30'000, 7 * 24h);
    numbers.limits[CaLimit::paused] = LimitNumbers::in(3600, 6h);
    numbers.requests[RequestKind::new_order] = {40, 50'000us};
    numbers.requests[RequestKind::other] = {20, 50'000us};
    return numbers;
}

std::string refusal_text(CaLimit limit, LimitNumbers numbers, const std::string& what, base::Time until)
{
    return fmt::format("{} in the last {}, retry after {}: see https://letsencrypt.org/docs/rate-limits/{}",
                       what_is_too_much(limit, numbers.capacity, what),
                       duration_text(numbers.capacity * numbers.refill.count()), time_text(until),
                       anchor(limit));
}

}  // namespace relay
