#include "feed/follower.h"

#include "base/log.h"
#include "base/random.h"

#include <algorithm>

namespace feed {

namespace {

constexpr std::chrono::milliseconds first_pause{200};
constexpr std::chrono::milliseconds longest_pause{15'000};
// A source answers within about 30 s; twice that is a source that hangs.
constexpr std::chrono::seconds longest_answer{75};
constexpr std::chrono::minutes longest_apply{10};

// One round: what comes next is applied, then acknowledged. Returns where to go on.
base::Task<model::Position> advance(Source& source, Sink& sink, model::Position from)
{
    CO_TRY(batch, co_await base::with_timeout(longest_answer, source.next(from)));
    auto shared = std::make_shared<const Batch>(std::move(batch));
    if (shared->changes.empty() && !shared->snapshot && shared->position == from) {
        CO_CHECKED(co_await base::with_timeout(longest_answer, source.acknowledge(from)));
        co_return from;
    }
    CO_CHECKED(co_await base::with_timeout(longest_apply, sink.apply(shared)));
    if (!shared->snapshot || shared->last) {
        CO_CHECKED(co_await base::with_timeout(longest_answer, source.acknowledge(shared->position)));
    }
    co_return shared->position;
}

}  // namespace

boost::asio::awaitable<void> follow(Source& source, Sink& sink, std::string name)
{
    auto position = sink.position();
    auto pause = first_pause;
    bool failing = false;
    while (true) {
        auto reached = co_await advance(source, sink, position);
        if (reached) {
            if (failing) {
                base::log::info("feed_restored", {{"follower", name}, {"number", reached->number}});
            }
            failing = false;
            pause = first_pause;
            position = std::move(*reached);
            continue;
        }
        if (!failing) {
            base::log::warning(
                "feed_failing",
                {{"follower", name}, {"error", reached.error().message()}, {"fix", reached.error().fix()}});
        }
        failing = true;
        // The sink knows what it has; a batch that was half read or not applied is asked for again.
        position = sink.position();
        const auto spread =
            std::chrono::milliseconds(base::random_below(static_cast<std::uint64_t>(pause.count())));
        co_await base::sleep_for(pause / 2 + spread / 2);
        pause = std::min(pause * 2, longest_pause);
    }
}

}  // namespace feed
