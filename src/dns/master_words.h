// The words of master files: entries that go over several lines, comments, quotes. Internal to dns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dns {

struct MasterWord {
    std::string text;     // escapes as they are written
    bool quoted = false;  // without its quotes
};

struct MasterEntry {
    std::size_t line = 0;
    bool blank_owner = false;  // it begins with blanks: the owner is that of the entry before
    std::vector<MasterWord> words;
    std::string problem;  // why it cannot be read; empty: it can
};

// Cuts a text into entries, empty ones left out.
class MasterEntries {
public:
    explicit MasterEntries(std::string_view text) : rest_(text) {}

    // Nothing at the end of the text.
    std::optional<MasterEntry> next();

private:
    void read_entry(MasterEntry& entry);
    void read_word(MasterEntry& entry);
    void read_quoted(MasterEntry& entry);
    void take(std::string& text);
    void skip_comment();

    std::string_view rest_;
    std::size_t line_ = 1;
    int depth_ = 0;
};

}  // namespace dns
