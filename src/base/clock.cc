#include "base/clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <charconv>

namespace base {

namespace asio = boost::asio;

namespace {

// Reads a fixed run of digits; -1 when it is not one.
int digits(std::string_view text, std::size_t from, std::size_t count)
{
    if (from + count > text.size()) {
        return -1;
    }
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// "Z", "+hh:mm" or "-hh:mm" at the end of an RFC 3339 time.
Result<std::chrono::minutes> parse_offset(std::string_view text)
{
    if (text == "Z" || text == "z") {
        return std::chrono::minutes(0);
    }
    const int hours = digits(text, 1, 2);
    const int minutes = digits(text, 4, 2);
    if (text.size() != 6 || text[3] != ':' || hours < 0 || minutes < 0 ||
        (text[0] != '+' && text[0] != '-')) {
        return fail(Errc::invalid, "a time needs an offset such as Z or +01:00");
    }
    const int total = hours * 60 + minutes;
    return std::chrono::minutes(text[0] == '-' ? -total : total);
}

}  // namespace

std::string to_rfc3339(Time time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<Time> parse_rfc3339(std::string_view text)
{
    const int year = digits(text, 0, 4);
    const int month = digits(text, 5, 2);
    const int day = digits(text, 8, 2);
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || hour > 24 ||
        minute > 59 || second > 60) {
        return fail(Errc::invalid, fmt::format("'{}' is not an RFC 3339 time", text.substr(0, 40)));
    }
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) {
        return fail(Errc::invalid, fmt::format("'{}' has no such day", text.substr(0, 40)));
    }
    std::size_t at = 19;
    int millis = 0;
    if (at < text.size() && text[at] == '.') {
        int scale = 100;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            millis += (text[at] - '0') * scale;
        }
    }
    TRY(offset, parse_offset(text.substr(at)));
    return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second) + std::chrono::milliseconds(millis) - offset;
}

Time SystemClock::now() const
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

asio::awaitable<void> SystemClock::sleep_until(Time deadline)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (auto left = deadline - now(); left > std::chrono::milliseconds(0); left = deadline - now()) {
        timer.expires_after(std::min<std::chrono::milliseconds>(left, std::chrono::minutes(1)));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> ManualClock::sleep_until(Time deadline)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_at(asio::steady_timer::time_point::max());
    const auto place = sleepers_.insert(sleepers_.end(), Sleeper{deadline, &timer});
    struct Leave {
        std::list<Sleeper>& list;
        std::list<Sleeper>::iterator place;
        ~Leave() { list.erase(place); }
    } leave{sleepers_, place};
    while (now_ < deadline) {
        boost::system::error_code woken;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

void ManualClock::advance(std::chrono::milliseconds duration)
{
    now_ += duration;
    for (auto& sleeper : sleepers_) {
        if (sleeper.deadline <= now_) {
            sleeper.timer->cancel();
        }
    }
}

}  // namespace base
