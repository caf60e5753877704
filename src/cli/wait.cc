#include "cli/wait.h"

#include "cli/cli.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace cli {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// On a terminal one line that is overwritten; elsewhere a line for each change.
class Progress {
public:
    explicit Progress(Console& console) : console_(console) {}

    void show(const std::string& what)
    {
        if (console_.err_is_terminal()) {
            const auto elapsed =
                std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_);
            console_.err() << "\r\x1b[K" << what
                           << console_.error_paint().dim(fmt::format("  {} s", elapsed.count()))
                           << std::flush;
        } else if (what != last_) {
            console_.err() << what << "\n" << std::flush;
        }
        last_ = what;
    }
    void clear()
    {
        if (console_.err_is_terminal() && !last_.empty()) {
            console_.err() << "\r\x1b[K" << std::flush;
        }
        last_.clear();
    }
    std::chrono::steady_clock::duration elapsed() const { return std::chrono::steady_clock::now() - began_; }

    // Often at first, when a person looks on.
    void pause() const
    {
        std::this_thread::sleep_for(elapsed() < std::chrono::seconds(20) ? std::chrono::milliseconds(300)
                                                                         : std::chrono::milliseconds(2000));
    }

private:
    Console& console_;
    SteadyTime began_ = std::chrono::steady_clock::now();
    std::string last_;
};

void tell_time_ran_out(Console& console, const std::string& what, const std::string& endpoint,
                       std::chrono::seconds limit)
{
    console.tell_problem(
        fmt::format("after {}: {}", duration(limit), what), "timeout",
        fmt::format("It goes on by itself; look again with: certwright endpoint show {}", endpoint));
    console.status = problem;
}

enum class Standing { going_on, done, failed };

Standing standing_of(const std::vector<json::object>& found, const std::vector<std::string>& wanted,
                     json::object& failed)
{
    std::size_t deployed = 0;
    for (const auto& each : found) {
        if (std::ranges::find(wanted, text(each, "id")) == wanted.end()) {
            continue;
        }
        if (text(each, "status") == "failed") {
            failed = each;
            return Standing::failed;
        }
        deployed += text(each, "status") == "deployed" ? 1 : 0;
    }
    return deployed == wanted.size() ? Standing::done : Standing::going_on;
}

std::string orders_progress(const std::vector<json::object>& found, const std::vector<std::string>& wanted,
                            const Paint& paint)
{
    std::string made;
    for (const auto& each : found) {
        if (std::ranges::find(wanted, text(each, "id")) != wanted.end()) {
            made += fmt::format("{}{} {}", made.empty() ? "" : ", ", text(each, "key_type"),
                                paint.state(text(each, "status")));
            const auto why = text(object(each, "problem"), "message");
            made += why.empty() ? "" : ": " + harmless(why);
        }
    }
    return made;
}

}  // namespace

std::optional<json::object> wait_until_active(Console& console, const std::string& endpoint,
                                              std::chrono::seconds limit)
{
    Progress progress(console);
    for (;;) {
        auto reply = console.call("GET", "/v1/endpoints/" + http::percent_encode(endpoint));
        if (!reply) {
            progress.clear();
            return std::nullopt;
        }
        const auto state = text(reply->object(), "state");
        if (state == "active") {
            progress.clear();
            return reply->object();
        }
        if (state == "suspended" || state == "deleting") {
            progress.clear();
            console.tell_problem(endpoint_summary(reply->object(), Paint()), state, "");
            console.status = problem;
            return std::nullopt;
        }
        if (progress.elapsed() >= limit) {
            progress.clear();
            tell_time_ran_out(console, endpoint_summary(reply->object(), Paint()), endpoint, limit);
            return std::nullopt;
        }
        progress.show(endpoint_summary(reply->object(), console.error_paint()));
        progress.pause();
    }
}

bool wait_until_deployed(Console& console, const std::string& endpoint, std::vector<std::string> orders,
                         std::chrono::seconds limit)
{
    Progress progress(console);
    for (;;) {
        const auto reply =
            console.call("GET", "/v1/orders?limit=100&endpoint=" + http::percent_encode(endpoint));
        if (!reply) {
            progress.clear();
            return false;
        }
        const auto found = objects(reply->object(), "items");
        json::object failed;
        const auto standing = standing_of(found, orders, failed);
        if (standing == Standing::done) {
            progress.clear();
            return true;
        }
        if (standing == Standing::failed) {
            progress.clear();
            const auto& why = object(failed, "problem");
            console.tell_problem("the order failed: " + text(why, "message"), text(why, "code"),
                                 text(why, "fix"));
            console.status = problem;
            return false;
        }
        if (progress.elapsed() >= limit) {
            progress.clear();
            tell_time_ran_out(console, "the new certificate is not deployed yet", endpoint, limit);
            return false;
        }
        progress.show(orders_progress(found, orders, console.error_paint()));
        progress.pause();
    }
}

}  // namespace cli
