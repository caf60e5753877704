// Text forms of enums from one table: to_string, and parsing that names what is allowed.
#pragma once

#include "base/result.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace model::detail {

template <class E, std::size_t N>
using EnumTexts = std::array<std::pair<E, std::string_view>, N>;

template <class E, std::size_t N>
std::string_view enum_text(const EnumTexts<E, N>& texts, E value)
{
    for (const auto& [each, text] : texts) {
        if (each == value) {
            return text;
        }
    }
    return texts[0].second;
}

template <class E, std::size_t N>
base::Result<E> enum_from(const EnumTexts<E, N>& texts, std::string_view what, std::string_view text)
{
    std::string allowed;
    for (const auto& [each, each_text] : texts) {
        if (each_text == text) {
            return each;
        }
        allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", each_text);
    }
    return base::fail(base::Errc::invalid,
                      fmt::format("'{}' is not a {}; use one of: {}", text.substr(0, 60), what, allowed));
}

}  // namespace model::detail
