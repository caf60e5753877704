#include "base/log.h"

#include <boost/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace base::log {

namespace {

std::atomic<bool> json_lines{false};
std::atomic<Level> least_level{Level::info};

spdlog::logger& logger()
{
    static const auto instance = [] {
        auto made =
            std::make_shared<spdlog::logger>("certwright", std::make_shared<spdlog::sinks::stdout_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

std::string_view name_of(Level level)
{
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "info";
}

std::string utc_now()
{
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, millis);
}

// Quotes values with spaces, quotes or control characters, so that a line stays one line.
std::string quoted(const std::string& value)
{
    const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
        return c > ' ' && c != '"' && c != '=' && c != 127;
    });
    return plain ? value : boost::json::serialize(boost::json::string(value));
}

std::string plain_line(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    std::string line = fmt::format("{} {:<7} {}", utc_now(), name_of(level), event);
    for (const auto& field : fields) {
        line += fmt::format(" {}={}", field.key, quoted(field.value));
    }
    return line;
}

std::string json_line(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    boost::json::object line{{"time", utc_now()}, {"level", name_of(level)}, {"event", event}};
    for (const auto& field : fields) {
        line[field.key] = field.value;
    }
    return boost::json::serialize(line);
}

}  // namespace

void set_level(Level least)
{
    least_level = least;
}

void set_json(bool json)
{
    json_lines = json;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    if (level < least_level.load()) {
        return;
    }
    logger().info("{}", json_lines ? json_line(level, event, fields) : plain_line(level, event, fields));
}

}  // namespace base::log
