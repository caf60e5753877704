#include "edge/admission.h"

#include "base/log.h"
#include "base/task.h"

namespace edge {

namespace {

// How many idle connections go at once: closing each by itself would stop every accept.
constexpr std::size_t shed_at_once = 64;
constexpr std::chrono::milliseconds pause{100};
// Without want for so long, the next one is news again.
constexpr std::chrono::seconds quiet{30};

}  // namespace

bool Admission::admit(std::size_t open)
{
    if (open < most_ + connections_.closing()) {
        if (wanting_) {
            recovered();
        }
        return true;
    }
    report("connections_full", "as many connections are open as may be");
    if (connections_.shed(shed_at_once) > 0) {
        return true;
    }
    ++turned_away_;
    Counters::count(counters_.turned_away);
    return false;
}

boost::asio::awaitable<void> Admission::failed(base::Error error)
{
    Counters::count(counters_.accept_failed);
    report("accept_failed", error.message());
    connections_.shed(shed_at_once);
    co_await base::sleep_for(pause);
}

void Admission::report(std::string_view event, std::string_view why)
{
    last_want_ = Clock::now();
    if (!std::exchange(wanting_, true)) {
        base::log::warning(event,
                           {{"error", why},
                            {"connections", connections_.size()},
                            {"fix", "raise the limit of open files (systemd: LimitNOFILE), or add an edge"}});
    }
}

void Admission::recovered()
{
    if (Clock::now() - last_want_ > quiet) {
        base::log::info("accept_recovered", {{"turned_away", turned_away_}});
        wanting_ = false;
        turned_away_ = 0;
    }
}

}  // namespace edge
