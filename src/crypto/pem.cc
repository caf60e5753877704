#include "crypto/pem.h"

#include <fmt/format.h>

#include <algorithm>

namespace crypto {

namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";
constexpr std::size_t most_blocks = 32;

base::Error broken(std::size_t line, std::string_view what)
{
    return base::Error(base::Errc::invalid, fmt::format("The PEM block at line {} {}.", line, what))
        .with_code("unparsable")
        .with_fix("Copy the whole block again, from its BEGIN line to its END line.");
}

// Base64 may be followed by nothing but padding, yet editors add blanks and CAs add headers of RFC 1421
// ("Key: value").
std::string base64_of(std::string_view body)
{
    std::string text;
    while (!body.empty()) {
        const auto end = std::min(body.find('\n'), body.size());
        const auto line = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (line.contains(':')) {
            continue;
        }
        std::ranges::copy_if(line, std::back_inserter(text), [](char c) { return c > ' ' || c < 0; });
    }
    return text;
}

}  // namespace

base::Result<std::vector<PemBlock>> parse_pem(std::string_view text)
{
    std::vector<PemBlock> blocks;
    std::size_t counted = 0;
    std::size_t line = 1;
    for (auto at = text.find(begin_mark); at != std::string_view::npos; at = text.find(begin_mark, at)) {
        line += static_cast<std::size_t>(std::ranges::count(text.substr(counted, at - counted), '\n'));
        counted = at;
        const auto label_at = at + begin_mark.size();
        const auto label_end = text.find(dashes, label_at);
        const auto label = text.substr(label_at, std::min(label_end, text.size()) - label_at);
        if (label_end == std::string_view::npos || label.empty() || label.contains('\n')) {
            return base::fail(broken(line, "has a damaged BEGIN line"));
        }
        const auto end_line = fmt::format("{}{}{}", end_mark, label, dashes);
        const auto body_at = label_end + dashes.size();
        const auto end = text.find(end_line, body_at);
        if (end == std::string_view::npos || end > text.find(begin_mark, body_at)) {
            return base::fail(broken(line, fmt::format("has no line '{}'", end_line)));
        }
        auto der = base::from_base64(base64_of(text.substr(body_at, end - body_at)));
        if (!der || der->empty()) {
            return base::fail(broken(line, "holds no base64"));
        }
        if (blocks.size() == most_blocks) {
            return base::fail(broken(line, fmt::format("is one too many: at most {} are read", most_blocks)));
        }
        blocks.push_back(PemBlock{std::string(label), std::move(*der), line});
        at = end + end_line.size();
    }
    return blocks;
}

std::string to_pem(std::string_view label, base::ByteView der)
{
    constexpr std::size_t line = 64;
    std::string text = fmt::format("{}{}{}\n", begin_mark, label, dashes);
    const auto body = base::to_base64(der);
    for (std::size_t at = 0; at < body.size(); at += line) {
        text += body.substr(at, line);
        text += '\n';
    }
    return text + fmt::format("{}{}{}\n", end_mark, label, dashes);
}

}  // namespace crypto
