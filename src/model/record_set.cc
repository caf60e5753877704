#include "model/record_set.h"

#include <algorithm>

namespace model {

namespace {

// The end of a label sorts before every octet of a label, so the two lowest octets are written as two.
void append_label(base::Bytes& place, const base::Bytes& label)
{
    for (const std::uint8_t octet : label) {
        if (octet <= 1) {
            place.push_back(1);
            place.push_back(static_cast<std::uint8_t>(octet + 1));
        } else {
            place.push_back(octet);
        }
    }
    place.push_back(0);
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::vector<base::Bytes> labels_of(std::string_view name)
{
    std::vector<base::Bytes> labels(1);
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] == '.') {
            labels.emplace_back();
        } else if (name[at] != '\\') {
            labels.back().push_back(static_cast<std::uint8_t>(name[at]));
        } else if (at + 3 < name.size() && is_digit(name[at + 1])) {
            const int octet = (name[at + 1] - '0') * 100 + (name[at + 2] - '0') * 10 + (name[at + 3] - '0');
            labels.back().push_back(static_cast<std::uint8_t>(octet));
            at += 3;
        } else if (at + 1 < name.size()) {
            labels.back().push_back(static_cast<std::uint8_t>(name[++at]));
        }
    }
    return labels;
}

}  // namespace

void canonicalise(RecordSet& set)
{
    std::ranges::sort(set.values);
    const auto twice = std::ranges::unique(set.values);
    set.values.erase(twice.begin(), twice.end());
}

base::Bytes canonical_place(std::string_view name)
{
    base::Bytes place;
    if (name.empty() || name == ".") {
        return place;
    }
    const auto labels = labels_of(name);
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        append_label(place, *label);
    }
    return place;
}

}  // namespace model
