#include "model/domain_name.h"

#include "base/ascii.h"

#include <fmt/format.h>

#include <idn2.h>
#include <libpsl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace model {

namespace {

constexpr std::size_t longest_name = 253;  // RFC 1035 2.3.4, without the root label
constexpr std::size_t longest_label = 63;

base::Error invalid_name(std::string_view text, std::string_view reason)
{
    std::string message = fmt::format("'{}' is not a DNS name: {}", text.substr(0, 80), reason);
    return base::Error(base::Errc::invalid, std::move(message)).with_code("name_invalid");
}

base::Result<std::string> to_a_labels(std::string_view text)
{
    char* converted = nullptr;
    const std::string input(text);
    const int status = idn2_to_ascii_8z(input.c_str(), &converted,
                                        IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT | IDN2_USE_STD3_ASCII_RULES);
    std::unique_ptr<char, decltype(&std::free)> owned(converted, &std::free);
    if (status == IDN2_TOO_BIG_LABEL || status == IDN2_TOO_BIG_DOMAIN) {
        return base::fail(invalid_name(text, idn2_strerror(status)).with_code("name_too_long"));
    }
    if (status != IDN2_OK) {
        return base::fail(invalid_name(text, idn2_strerror(status)));
    }
    return std::string(owned.get());
}

// The length of the leading labels of services ("_acme-challenge."): IDNA would take their underscore away.
std::size_t service_part(std::string_view name)
{
    std::size_t length = 0;
    while (name.substr(length).starts_with('_')) {
        const auto dot = name.find('.', length);
        if (dot == std::string_view::npos) {
            return length;
        }
        length = dot + 1;
    }
    return length;
}

base::Result<> check_label(std::string_view name, std::string_view label)
{
    if (label.empty()) {
        return base::fail(invalid_name(name, "a label is empty"));
    }
    if (label.size() > longest_label) {
        return base::fail(
            invalid_name(name, "a label is longer than 63 characters").with_code("name_too_long"));
    }
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (!std::ranges::all_of(label, allowed)) {
        return base::fail(
            invalid_name(name, fmt::format("label '{}' has a character that is not allowed", label)));
    }
    if (label.front() == '-' || label.back() == '-') {
        return base::fail(invalid_name(name, fmt::format("label '{}' begins or ends with a hyphen", label)));
    }
    return {};
}

base::Result<> check_labels(std::string_view name)
{
    std::string_view rest = name;
    while (true) {
        const auto dot = rest.find('.');
        CHECKED(check_label(name, rest.substr(0, dot)));
        if (dot == std::string_view::npos) {
            return {};
        }
        rest.remove_prefix(dot + 1);
    }
}

const psl_ctx_t* suffixes()
{
    static const psl_ctx_t* const list = psl_builtin();
    return list;
}

}  // namespace

base::Result<DomainName> DomainName::parse(std::string_view text)
{
    std::string_view rest = text;
    if (rest.ends_with('.')) {
        rest.remove_suffix(1);
    }
    const bool wildcard = rest.starts_with("*.");
    if (wildcard) {
        rest.remove_prefix(2);
    }
    if (rest.empty()) {
        return base::fail(invalid_name(text, "it is empty"));
    }
    std::string canonical = base::to_lower(rest);
    const bool unicode =
        std::ranges::any_of(canonical, [](char c) { return static_cast<unsigned char>(c) >= 128; });
    if (unicode || canonical.find("xn--") != std::string::npos) {
        const auto service = service_part(canonical);
        TRY(ascii, to_a_labels(std::string_view(canonical).substr(service)));
        canonical.replace(service, std::string::npos, ascii);
    }
    CHECKED(check_labels(canonical));
    if (wildcard) {
        canonical.insert(0, "*.");
    }
    if (canonical.size() > longest_name) {
        return base::fail(invalid_name(text, "it is longer than 253 characters").with_code("name_too_long"));
    }
    return DomainName(std::move(canonical));
}

std::string DomainName::display() const
{
    if (!text_.contains("xn--")) {
        return text_;
    }
    char* converted = nullptr;
    const std::string name(base());
    const int status = idn2_to_unicode_8z8z(name.c_str(), &converted, 0);
    std::unique_ptr<char, decltype(&std::free)> owned(converted, &std::free);
    const std::string shown = status == IDN2_OK ? std::string(owned.get()) : name;
    return wildcard() ? "*." + shown : shown;
}

std::size_t DomainName::label_count() const
{
    return text_.empty() ? 0 : static_cast<std::size_t>(std::ranges::count(text_, '.')) + 1;
}

bool DomainName::is_within(const DomainName& zone) const
{
    if (text_ == zone.text_) {
        return true;
    }
    return text_.size() > zone.text_.size() + 1 && text_.ends_with(zone.text_) &&
           text_[text_.size() - zone.text_.size() - 1] == '.';
}

bool DomainName::covers(std::string_view host) const
{
    if (!wildcard()) {
        return host == text_;
    }
    const auto dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot + 1) == base();
}

std::string DomainName::registrable() const
{
    const std::string name(base());
    const char* found = psl_registrable_domain(suffixes(), name.c_str());
    return found == nullptr ? std::string() : std::string(found);
}

bool DomainName::is_public_suffix() const
{
    const std::string name(base());
    // Names whose last label no rule knows (".test", ".internal") are judged by the list's own default rule
    // "*".
    return psl_is_public_suffix(suffixes(), name.c_str()) != 0;
}

std::string DomainName::host() const
{
    const auto zone = registrable();
    if (zone.empty() || text_ == zone) {
        return zone.empty() ? text_ : "@";
    }
    return text_.substr(0, text_.size() - zone.size() - 1);
}

}  // namespace model
