#include "dns/master_words.h"

#include <algorithm>

namespace dns {

namespace {

constexpr std::size_t longest_word = 140'000;  // the data of a record in hexadecimal

bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '(' || c == ')' || c == '"';
}

}  // namespace

std::optional<MasterEntry> MasterEntries::next()
{
    while (!rest_.empty()) {
        MasterEntry entry;
        entry.line = line_;
        entry.blank_owner = rest_.front() == ' ' || rest_.front() == '\t';
        read_entry(entry);
        if (!entry.words.empty() || !entry.problem.empty()) {
            return entry;
        }
    }
    return std::nullopt;
}

// To the end of the line; within parentheses the end of a line is a blank.
void MasterEntries::read_entry(MasterEntry& entry)
{
    depth_ = 0;
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (c == ';') {
            skip_comment();
        } else if (c == '"') {
            read_quoted(entry);
        } else if (!ends_word(c)) {
            read_word(entry);
        } else {
            rest_.remove_prefix(1);
            depth_ += c == '(' ? 1 : c == ')' ? -1 : 0;
            line_ += c == '\n' ? 1 : 0;
            if (depth_ < 0) {
                entry.problem = "a parenthesis is closed that was not opened";
                depth_ = 0;
            }
            if (c == '\n' && depth_ == 0) {
                return;
            }
        }
    }
    if (depth_ > 0) {
        entry.problem = "a parenthesis is not closed";
    }
}

void MasterEntries::skip_comment()
{
    rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
}

// One character; an escaped one keeps its backslash.
void MasterEntries::take(std::string& text)
{
    const std::size_t count = rest_.front() == '\\' && rest_.size() > 1 && rest_[1] != '\n' ? 2 : 1;
    if (text.size() < longest_word) {
        text += rest_.substr(0, count);
    }
    rest_.remove_prefix(count);
}

void MasterEntries::read_word(MasterEntry& entry)
{
    MasterWord word;
    while (!rest_.empty() && !ends_word(rest_.front())) {
        take(word.text);
        // key="value", as SVCB has it (RFC 9460 2.1)
        if (!rest_.empty() && rest_.front() == '"' && word.text.ends_with('=')) {
            MasterEntry value;
            read_quoted(value);
            entry.problem = value.problem;
            word.text += value.words.empty() ? "" : '"' + value.words.front().text + '"';
        }
    }
    entry.words.push_back(std::move(word));
}

void MasterEntries::read_quoted(MasterEntry& entry)
{
    MasterWord word;
    word.quoted = true;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"' && rest_.front() != '\n') {
        take(word.text);
    }
    if (rest_.empty() || rest_.front() == '\n') {
        entry.problem = "a quote is not closed on its line";
        return;
    }
    rest_.remove_prefix(1);
    entry.words.push_back(std::move(word));
}

}  // namespace dns
