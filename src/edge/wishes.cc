#include "edge/wishes.h"

#include "base/log.h"

namespace edge {

namespace {

// What was granted comes by the feed; until then nobody else asks for it.
constexpr std::chrono::seconds until_fed{10};

}  // namespace

base::Task<model::WishAnswer> Wishes::ask(model::Wish wish)
{
    const auto now = std::chrono::steady_clock::now();
    if (const auto* known = guard_.remembered(wish.name, now)) {
        auto answer = *known;
        answer.keep = std::chrono::ceil<std::chrono::seconds>(guard_.remembered_until(wish.name) - now);
        co_return answer;
    }
    if (!guard_.asking(wish.name) && !guard_.admit(wish.client, now)) {
        co_return base::fail(base::Errc::rate_limited, "too many new names are asked for");
    }
    auto asking = [this, wish] { return ask_in_time(wish); };
    auto answer = co_await guard_.once(wish.name, std::move(asking));
    const auto later = std::chrono::steady_clock::now();
    if (answer) {
        guard_.remember(wish.name, *answer, later + (answer->granted ? until_fed : answer->keep));
    }
    co_return answer;
}

base::Task<model::WishAnswer> Wishes::ask_in_time(model::Wish wish)
{
    auto asking = desk_.wish(wish);
    auto answer = co_await base::with_timeout(limits_.answer, std::move(asking));
    if (!answer) {
        base::log::warning("wish_unanswered", {{"name", wish.name}, {"error", answer.error().message()}});
    }
    co_return answer;
}

}  // namespace edge
