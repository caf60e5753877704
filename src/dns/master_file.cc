#include "dns/master_file.h"

#include "dns/layout.h"
#include "dns/master_words.h"
#include "dns/rdata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

namespace dns {

namespace {

constexpr std::uint32_t longest_ttl = 0x7fffffff;  // RFC 2181 8

using WordList = std::span<const MasterWord>;

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(to_lower(static_cast<std::uint8_t>(c))); });
    return lower;
}

std::uint64_t seconds_of(char unit)
{
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3'600;
        case 'd':
            return 86'400;
        case 'w':
            return 604'800;
        default:
            return 0;
    }
}

// "3600", or with units as BIND has them: "1h30m".
std::optional<std::uint32_t> duration_from(std::string_view word)
{
    const std::string text = lower_case(word);
    std::uint64_t total = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        std::uint64_t part = 0;
        const auto [stopped, error] = std::from_chars(at, end, part);
        if (error != std::errc() || part > longest_ttl) {
            return std::nullopt;
        }
        const bool bare = stopped == end && at == text.data();
        const std::uint64_t unit = bare ? 1 : stopped == end ? 0 : seconds_of(*stopped);
        if (unit == 0) {
            return std::nullopt;
        }
        total += part * unit;
        at = bare ? end : stopped + 1;
    }
    return text.empty() || total > longest_ttl ? std::nullopt
                                               : std::optional(static_cast<std::uint32_t>(total));
}

bool is_absolute(std::string_view text)
{
    if (!text.ends_with('.')) {
        return false;
    }
    std::size_t backslashes = 0;
    for (std::size_t i = text.size() - 1; i-- > 0 && text[i] == '\\';) {
        ++backslashes;
    }
    return backslashes % 2 == 0;
}

class MasterReader {
public:
    explicit MasterReader(const MasterOptions& options) : options_(options), origin_(options.origin) {}

    MasterFile read(std::string_view text)
    {
        MasterEntries entries(text);
        while (auto entry = entries.next()) {
            line_ = entry->line;
            const auto problem = entry->problem.empty() ? take(*entry) : std::move(entry->problem);
            if (!problem.empty()) {
                file_.problems.push_back({entry->line, problem});
            }
            if (file_.problems.size() >= options_.most_problems) {
                break;
            }
        }
        return std::move(file_);
    }

private:
    // What is wrong; empty: nothing.
    using Problem = std::string;

    Problem take(const MasterEntry& entry)
    {
        const auto& first = entry.words.front();
        if (!first.quoted && !entry.blank_owner && first.text.starts_with('$')) {
            return directive(entry.words);
        }
        if (file_.records.size() >= options_.most_records) {
            file_.problems.resize(options_.most_problems - 1);
            return fmt::format("there are more than {} records", options_.most_records);
        }
        return record(entry);
    }

    Problem directive(WordList words)
    {
        const std::string name = lower_case(words[0].text);
        if (name != "$origin" && name != "$ttl") {
            return fmt::format("{} is not taken here; write the records out", words[0].text);
        }
        if (words.size() != 2) {
            return fmt::format("{} takes one value", words[0].text);
        }
        if (name == "$origin") {
            const auto origin = absolute(words[1].text);
            return origin ? (origin_ = *origin, Problem()) : origin.error().message();
        }
        ttl_ = duration_from(words[1].text);
        return ttl_ ? Problem() : fmt::format("'{}' is not a TTL", words[1].text);
    }

    base::Result<Name> absolute(std::string_view text) const
    {
        if (text == "@") {
            return origin_;
        }
        TRY(name, Name::parse(text));
        if (is_absolute(text)) {
            return name;
        }
        const base::ByteView rest = origin_.wire();
        for (std::size_t at = 0; rest[at] != 0; at += rest[at] + 1U) {
            if (!name.append(rest.subspan(at + 1, rest[at]))) {
                return base::fail(base::Errc::invalid,
                                  fmt::format("'{}' is too long below {}", text, origin_.text()));
            }
        }
        return name;
    }

    Problem record(const MasterEntry& entry)
    {
        WordList words(entry.words);
        if (!entry.blank_owner) {
            auto owner = absolute(words[0].text);
            if (!owner) {
                return owner.error().message();
            }
            owner_ = *owner;
            words = words.subspan(1);
        }
        if (!owner_) {
            return "the first record has no owner";
        }
        Record record;
        record.name = *owner_;
        std::optional<std::uint32_t> ttl;
        words = words.subspan(read_ttl_and_class(words, ttl));
        if (words.empty()) {
            return "a type is missing";
        }
        const auto type = record_type_from(words[0].text);
        if (!type || words[0].quoted) {
            return fmt::format("'{}' is neither a type, nor a TTL, nor the class IN", words[0].text);
        }
        record.type = *type;
        auto data = data_of(*type, words.subspan(1));
        if (!data) {
            return data.error().message();
        }
        record.data = std::move(*data);
        record.ttl = ttl_for(ttl, record);
        file_.records.push_back({std::move(record), line_});
        return {};
    }

    // How many words they were: each at most once, in either order.
    static std::size_t read_ttl_and_class(WordList words, std::optional<std::uint32_t>& ttl)
    {
        std::size_t used = 0;
        bool has_class = false;
        while (used < words.size() && used < 2 && !words[used].quoted) {
            if (!has_class && lower_case(words[used].text) == "in") {
                has_class = true;
            } else if (const auto number = duration_from(words[used].text); number && !ttl) {
                ttl = number;
            } else {
                break;
            }
            ++used;
        }
        return used;
    }

    // RFC 1035 5.1 and RFC 2308 4: its own, $TTL, that of the record before, the minimum of the SOA.
    std::uint32_t ttl_for(std::optional<std::uint32_t> own, const Record& record)
    {
        if (own) {
            last_ttl_ = own;
            return *own;
        }
        if (record.type == RecordType::soa && record.data.size() >= 4 && !ttl_ && !last_ttl_) {
            Reader minimum(base::ByteView(record.data).last(4));
            last_ttl_ = minimum.u32();
        }
        return ttl_.value_or(last_ttl_.value_or(options_.ttl));
    }

    // Data as parse_data() takes it, with the names made absolute.
    base::Result<base::Bytes> data_of(RecordType type, WordList words) const
    {
        const std::string_view layout = layout_of(type);
        const bool opaque = layout.empty() || (!words.empty() && words[0].text == "\\#" && !words[0].quoted);
        std::string text;
        for (std::size_t i = 0; i < words.size(); ++i) {
            text += i == 0 ? "" : " ";
            const char field = !opaque && i < layout.size() ? layout[i] : ' ';
            if (field == 'n' || field == 'N') {
                TRY(name, absolute(words[i].text));
                text += name.text() + (name.is_root() ? "" : ".");
            } else if (is_duration(type, i)) {
                const auto seconds = duration_from(words[i].text);
                text += seconds ? fmt::to_string(*seconds) : words[i].text;
            } else {
                text += words[i].quoted ? '"' + words[i].text + '"' : words[i].text;
            }
        }
        return parse_data(type, text);
    }

    static bool is_duration(RecordType type, std::size_t word)
    {
        return type == RecordType::soa && word >= 3 && word <= 6;
    }

    const MasterOptions& options_;
    Name origin_;
    std::optional<Name> owner_;
    std::optional<std::uint32_t> ttl_;
    std::optional<std::uint32_t> last_ttl_;
    std::size_t line_ = 0;
    MasterFile file_;
};

std::string dotted(const Name& name)
{
    return name.is_root() ? "." : name.text() + ".";
}

}  // namespace

MasterFile read_master_file(std::string_view text, const MasterOptions& options)
{
    return MasterReader(options).read(text);
}

std::string master_line(const Record& record)
{
    return fmt::format("{} {} IN {} {}", dotted(record.name), record.ttl, to_string(record.type),
                       master_data(record.type, record.data));
}

}  // namespace dns
