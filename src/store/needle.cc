#include "base/ascii.h"
#include "model/domain_name.h"
#include "store/name_block.h"
#include "store/search.h"

#include <algorithm>

namespace store {

namespace {

constexpr std::size_t longest = 253;  // RFC 1035 2.3.4

bool is_ascii(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// Whole labels in letters of the world are stored as A-labels.
std::string in_a_labels(std::string_view text)
{
    constexpr std::string_view below = ".test";
    std::string made;
    for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find('.', from), text.size());
        std::string label(text.substr(from, to - from));
        if (!is_ascii(label)) {
            if (const auto name = model::DomainName::parse(label.append(below))) {
                label = name->text().substr(0, name->text().size() - below.size());
            }
        }
        made += (from == 0 ? "" : ".") + label;
        from = to + 1;
    }
    return made;
}

}  // namespace

std::optional<Needle> Needle::of(std::string_view text)
{
    constexpr std::string_view spaces = " \t\r\n";
    const auto from = std::min(text.find_first_not_of(spaces), text.size());
    text = text.substr(from, text.find_last_not_of(spaces) + 1 - from);
    if (text.empty() || text.size() > longest) {
        return std::nullopt;
    }
    auto canonical = base::to_lower(is_ascii(text) ? std::string(text) : in_a_labels(text));
    if (!std::ranges::all_of(canonical, is_name_character)) {
        return std::nullopt;
    }
    return Needle(std::move(canonical));
}

std::string Needle::pattern() const
{
    std::string pattern = "%";
    for (const char each : text_) {
        pattern += each == '_' ? "\\_" : std::string(1, each);
    }
    return pattern + "%";
}

}  // namespace store
