// ConfigTable: one table of fields that makes the parser, the validator, the command-line flags and the
// reference.
//
// A field is bound to the variable it fills. Values come, later ones winning, from the variable's initial
// value, a TOML file, the environment (CERTWRIGHT_HTTP_LISTEN for "http.listen"), and flags (--http-listen).
// Unknown keys and bad values are all reported at once, each with where it stands and what would be right.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace base {

class ConfigTable {
public:
    // A check of one field's value; the error's message completes "<key>: ...".
    using Check = std::function<Result<>(const std::string& text)>;

    struct Field {
        std::string key;          // "section.name" or "name"
        std::string type;         // for people: "text", "number", "true|false", "list", "duration"
        std::string description;  // one or more sentences
        std::string default_text;
        std::function<Result<>(const std::vector<std::string>&)> set;
        bool list = false;
    };

    // `variable` outlives the table; its present value is the default.
    void text(std::string key, std::string& variable, std::string description, Check check = nullptr);
    void list(std::string key, std::vector<std::string>& variable, std::string description,
              Check check_each = nullptr);
    void number(std::string key, std::int64_t& variable, std::int64_t least, std::int64_t most,
                std::string description);
    void boolean(std::string key, bool& variable, std::string description);
    // Texts such as "500ms", "30s", "5m", "12h", "7d".
    void duration(std::string key, std::chrono::milliseconds& variable, std::string description);

    const std::vector<Field>& fields() const { return fields_; }

    // Applies a file (none: empty path), then `environment`, then `flags` (key -> values). One error names
    // every problem.
    Result<> load(const std::filesystem::path& file, const std::map<std::string, std::string>& environment,
                  const std::map<std::string, std::vector<std::string>>& flags) const;

    // A commented TOML file with every field at its default.
    std::string reference() const;
    // The same as a Markdown table.
    std::string markdown() const;

    static std::string environment_name(const std::string& key);  // CERTWRIGHT_HTTP_LISTEN
    static std::string flag_name(const std::string& key);         // --http-listen

private:
    std::vector<Field> fields_;
};

Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string to_text(std::chrono::milliseconds duration);

}  // namespace base
