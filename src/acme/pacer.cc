#include "acme/pacer.h"

#include <algorithm>

namespace acme {

namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Who has to wait longer than this had better do other work.
constexpr milliseconds patience{10'000};
constexpr milliseconds longest_hold = std::chrono::minutes(10);
constexpr microseconds first_interval{50'000};
constexpr microseconds longest_interval{2'000'000};

struct Rate {
    int per_second;
    int burst;
};

// In the order of RequestKind. Let's Encrypt, by address; new-nonce is the narrow one.
constexpr std::array<Rate, 7> production{
    {{40, 40}, {20, 10}, {5, 15}, {300, 200}, {10, 100}, {1000, 100}, {250, 125}}};
constexpr std::array<Rate, 7> staging{
    {{40, 40}, {20, 10}, {5, 15}, {20, 40}, {10, 100}, {1000, 100}, {20, 20}}};

const std::array<Rate, 7>* rates_of(std::string_view directory_url)
{
    if (directory_url.starts_with("https://acme-v02.api.letsencrypt.org/")) {
        return &production;
    }
    if (directory_url.starts_with("https://acme-staging-v02.api.letsencrypt.org/")) {
        return &staging;
    }
    return nullptr;
}

}  // namespace

// The network bunches what was sent evenly, so a tenth of the rate and half of the burst are left alone.
Pacer::Pacer(std::string_view directory_url)
{
    const auto* rates = rates_of(directory_url);
    for (std::size_t i = 0; rates != nullptr && i < lanes_.size(); ++i) {
        const auto& rate = (*rates)[i];
        lanes_[i].usual = microseconds(10'000'000 / (9 * rate.per_second));
        lanes_[i].interval = lanes_[i].usual;
        lanes_[i].burst = lanes_[i].usual * std::max(rate.burst / 2 - 1, 0);
    }
}

base::Result<milliseconds> Pacer::take(RequestKind kind, base::Time now)
{
    auto& chosen = lane(kind);
    // From a clock that was far ahead.
    if (chosen.full > now + longest_hold) {
        chosen.full = now;
    }
    auto wait = std::chrono::ceil<milliseconds>(chosen.full - chosen.burst - now);
    if (chosen.held_until > now && chosen.held_until <= now + longest_hold) {
        wait = std::max(wait, chosen.held_until - now);
    }
    if (wait > patience) {
        return base::fail(
            base::Error(base::Errc::unavailable, "the CA is busy and has asked to be left alone for a while")
                .with_code("acme:serverBusy")
                .with_retry_after(std::chrono::ceil<std::chrono::seconds>(wait)));
    }
    chosen.full = std::max<std::chrono::sys_time<microseconds>>(chosen.full, now) + chosen.interval;
    return std::max(wait, 0ms);
}

void Pacer::overloaded(RequestKind kind, std::optional<std::chrono::seconds> wait, base::Time now)
{
    auto& chosen = lane(kind);
    const auto pause = std::clamp<milliseconds>(wait.value_or(1s), 0ms, longest_hold);
    // Answers to what was sent before the pause are no further complaint.
    if (chosen.held_until <= now) {
        chosen.interval =
            std::clamp(2 * chosen.interval, std::max(first_interval, chosen.usual), longest_interval);
    }
    chosen.held_until = std::max(chosen.held_until, now + pause);
    chosen.full = std::max<std::chrono::sys_time<microseconds>>(chosen.full, now + pause + chosen.burst);
}

void Pacer::answered(RequestKind kind)
{
    auto& chosen = lane(kind);
    if (chosen.interval > chosen.usual) {
        chosen.interval = std::max(chosen.interval * 97 / 100, chosen.usual);
        // Faster than this needs no limit.
        if (chosen.usual == 0us && chosen.interval < 1'000us) {
            chosen.interval = 0us;
        }
    }
}

}  // namespace acme
