#include "endpoints/name_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

constexpr std::size_t most_names = 100;

base::Error refused(std::string code, std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code(std::move(code))
        .with_fix(std::move(fix));
}

// What people type instead of a name, and what to type.
std::string fix_of(std::string_view text, std::string_view code)
{
    if (code == "name_too_long") {
        return "A name has at most 253 characters, each part between dots at most 63.";
    }
    if (text.contains("://") || text.contains('/')) {
        return "Give the name alone, such as shop.example.com, without https:// and path.";
    }
    if (text.contains('*')) {
        return "A wildcard has one * as its first part, such as *.example.com.";
    }
    if (text.contains(':')) {
        return "Give the name alone, such as shop.example.com: no address, and no port.";
    }
    return "Give a name such as shop.example.com: letters, digits and hyphens between dots.";
}

// No top-level domain is a number (RFC 3696 2), so this is an address, or nothing.
bool ends_in_number(std::string_view name)
{
    const auto last = name.substr(name.rfind('.') + 1);
    return last.find_first_not_of("0123456789") == std::string_view::npos;
}

base::Result<> check_name(const model::DomainName& name, const model::Platform& platform)
{
    if (ends_in_number(name.base())) {
        return base::fail(refused("name_invalid",
                                  fmt::format("'{}' is an address, not a name", name.display()),
                                  "Give the DNS name that leads to it."));
    }
    if (name.base().contains('_')) {
        return base::fail(
            refused("name_invalid",
                    fmt::format("'{}' has an underscore, which no public CA certifies", name.display()),
                    "Use letters, digits and hyphens."));
    }
    if (!name.base().contains('.')) {
        return base::fail(refused("name_public_suffix",
                                  fmt::format("'{}' is one word, not a whole name", name.display()),
                                  "Give the whole name, such as shop.example.com."));
    }
    if (name.is_public_suffix()) {
        return base::fail(
            refused("name_public_suffix",
                    fmt::format("'{}' is a public suffix, under which others register names", name.display()),
                    "Use a name that you registered, such as www." + std::string(name.base()) + "."));
    }
    if (name.is_within(platform.domain) || name.is_within(platform.challenge_zone)) {
        return base::fail(refused("name_reserved",
                                  fmt::format("'{}' belongs to the platform itself", name.display()),
                                  "Use a name of your own domain."));
    }
    return {};
}

}  // namespace

base::Result<std::vector<model::DomainName>> check_names(const std::vector<std::string>& texts,
                                                         const model::Platform& platform)
{
    if (texts.empty()) {
        return base::fail(refused("name_invalid", "an endpoint needs at least one name",
                                  "Give a name such as shop.example.com."));
    }
    if (texts.size() > most_names) {
        return base::fail(refused("too_many_names",
                                  fmt::format("an endpoint has at most {} names", most_names),
                                  "Spread the names over several endpoints, or use a wildcard."));
    }
    std::vector<model::DomainName> names;
    for (const auto& text : texts) {
        auto parsed = model::DomainName::parse(text);
        if (!parsed) {
            auto fix = fix_of(text, parsed.error().code());
            return base::fail(std::move(parsed).error().with_fix(fix));
        }
        const auto& name = *parsed;
        CHECKED(check_name(name, platform));
        if (std::ranges::find(names, name) != names.end()) {
            return base::fail(refused("name_invalid", fmt::format("'{}' is given twice", name.display()),
                                      "Give each name once."));
        }
        names.push_back(name);
    }
    return names;
}

}  // namespace endpoints
