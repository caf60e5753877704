// Structured log: one line per decision, `time level event key=value ...` on standard output. Safe from any
// thread.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace base::log {

enum class Level { debug, info, warning, error };

// One key with its value as text; quoted in the line when it has spaces.
struct Field {
    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    template <class T>
        requires std::integral<T> || std::floating_point<T>
    Field(std::string_view k, T v) : key(k), value(fmt::to_string(v))
    {
    }

    std::string_view key;
    std::string value;
};

// Chooses the least level that is written, and the form: plain `key=value` or JSON lines.
void set_level(Level least);
void set_json(bool json);

// `event` is a stable snake_case name; `fields` say what and why. Never put a secret here.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::error, event, fields);
}

}  // namespace base::log
