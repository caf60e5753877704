// DomainName: a DNS name as every layer stores and compares it.
#pragma once

#include "base/result.h"

#include <compare>
#include <string>
#include <string_view>

namespace model {

// Canonical: lower-case A-labels (IDNA 2008), no final dot; the first label may be "*". Immutable.
class DomainName {
public:
    DomainName() = default;

    // Accepts Unicode or A-labels, any case, a final dot, and "*." in front. Errors carry the codes
    // name_invalid and name_too_long, and say which label is wrong (RFC 1035 2.3.4, RFC 5891).
    static base::Result<DomainName> parse(std::string_view text);

    // The canonical text, e.g. "xn--mnchen-3ya.example" or "*.example.com".
    const std::string& text() const { return text_; }
    // For people: U-labels, e.g. "münchen.example".
    std::string display() const;

    bool empty() const { return text_.empty(); }
    bool wildcard() const { return text_.starts_with("*."); }
    // The name without "*.".
    std::string_view base() const
    {
        return wildcard() ? std::string_view(text_).substr(2) : std::string_view(text_);
    }
    std::size_t label_count() const;

    // True when this name equals `zone` or lies below it.
    bool is_within(const DomainName& zone) const;
    // True when a certificate for this name covers `host` (RFC 6125 6.4.3: a wildcard covers exactly one
    // label).
    bool covers(std::string_view host) const;

    // By the public suffix list, private section included as CAs do: "example.co.uk". Empty for a public
    // suffix itself.
    std::string registrable() const;
    // The name or its base is a public suffix such as "co.uk".
    bool is_public_suffix() const;
    // The name equals its registrable domain, so that no CNAME may stand there.
    bool is_apex() const { return !wildcard() && text_ == registrable(); }
    // What a registrar's form wants: the name relative to its registrable domain, "@" for the apex.
    std::string host() const;

    auto operator<=>(const DomainName&) const = default;

private:
    explicit DomainName(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

}  // namespace model
