#include "app/front.h"

#include "base/log.h"
#include "base/task.h"
#include "feed/cursor.h"

namespace app {

namespace {

constexpr std::chrono::seconds time_for_names{60};
constexpr std::chrono::milliseconds look_again{10};

// The position within a snapshot that is not whole yet is a cursor.
bool has_data(const model::Position& position)
{
    return !position.epoch.empty() && !feed::cursor_of(position);
}

}  // namespace

base::Task<> Front::wait_for_names()
{
    const auto deadline = std::chrono::steady_clock::now() + time_for_names;
    while (succeeding && name_server && !has_data(name_server->sink().position())) {
        if (std::chrono::steady_clock::now() > deadline) {
            co_return base::fail(
                base::Error(base::Errc::timeout, "the name server got no data from the database in time")
                    .with_code("takeover_failed")
                    .with_fix("look at the database and start again; the process before goes on"));
        }
        co_await base::sleep_for(look_again);
    }
    succeeding = false;
    co_return base::Result<>();
}

boost::asio::awaitable<void> Front::stop(edge::Ending ending)
{
    sockets.clear();
    if (name_server) {
        name_server->stop();
    }
    if (edge) {
        co_await edge->stop(ending);
    }
}

}  // namespace app
