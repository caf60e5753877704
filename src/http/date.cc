#include "http/date.h"

#include <fmt/chrono.h>

#include <ctime>

namespace http {

namespace {

// The text of a moment that lasts for its second.
struct Moment {
    std::time_t made = 0;
    std::string text;

    template <class Write>
    std::string_view now(Write write)
    {
        const std::time_t time = std::time(nullptr);
        if (time != made) {
            text = write(fmt::gmtime(time));
            made = time;
        }
        return text;
    }
};

std::string http_form(const std::tm& parts)
{
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", parts);
}

}  // namespace

std::string http_date(base::Time time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return http_form(fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string_view http_date_now()
{
    thread_local Moment moment;
    return moment.now(http_form);
}

std::string_view log_date_now()
{
    thread_local Moment moment;
    return moment.now([](const std::tm& parts) { return fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000", parts); });
}

}  // namespace http
