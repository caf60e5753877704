#include "dns/rdata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace dns {

namespace {

struct TypeName {
    RecordType type;
    std::string_view text;
};

constexpr TypeName type_names[] = {
    {RecordType::a, "A"},         {RecordType::ns, "NS"},         {RecordType::cname, "CNAME"},
    {RecordType::soa, "SOA"},     {RecordType::ptr, "PTR"},       {RecordType::hinfo, "HINFO"},
    {RecordType::mx, "MX"},       {RecordType::txt, "TXT"},       {RecordType::aaaa, "AAAA"},
    {RecordType::srv, "SRV"},     {RecordType::opt, "OPT"},       {RecordType::ds, "DS"},
    {RecordType::svcb, "SVCB"},   {RecordType::https, "HTTPS"},   {RecordType::axfr, "AXFR"},
    {RecordType::any, "ANY"},     {RecordType::caa, "CAA"},       {RecordType::naptr, "NAPTR"},
    {RecordType::dname, "DNAME"}, {RecordType::sshfp, "SSHFP"},   {RecordType::rrsig, "RRSIG"},
    {RecordType::nsec, "NSEC"},   {RecordType::dnskey, "DNSKEY"}, {RecordType::tlsa, "TLSA"},
    {RecordType::tsig, "TSIG"},   {RecordType::ixfr, "IXFR"},
};

bool same_text(std::string_view one, std::string_view other)
{
    const auto fold = [](char c) { return std::toupper(static_cast<unsigned char>(c)); };
    return std::ranges::equal(one, other, {}, fold, fold);
}

}  // namespace

std::string to_string(RecordType type)
{
    for (const auto& each : type_names) {
        if (each.type == type) {
            return std::string(each.text);
        }
    }
    return fmt::format("TYPE{}", static_cast<unsigned>(type));
}

base::Result<RecordType> record_type_from(std::string_view text)
{
    for (const auto& each : type_names) {
        if (same_text(each.text, text)) {
            return each.type;
        }
    }
    std::uint16_t number = 0;
    if (text.size() > 4 && same_text(text.substr(0, 4), "TYPE")) {
        const auto [end, error] = std::from_chars(text.data() + 4, text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size()) {
            return static_cast<RecordType>(number);
        }
    }
    return base::fail(base::Errc::invalid, fmt::format("'{}' is not a DNS record type", text.substr(0, 40)));
}

std::string to_string(Rcode rcode)
{
    switch (rcode) {
        case Rcode::noerror:
            return "NOERROR";
        case Rcode::formerr:
            return "FORMERR";
        case Rcode::servfail:
            return "SERVFAIL";
        case Rcode::nxdomain:
            return "NXDOMAIN";
        case Rcode::notimp:
            return "NOTIMP";
        case Rcode::refused:
            return "REFUSED";
        case Rcode::yxdomain:
            return "YXDOMAIN";
        case Rcode::yxrrset:
            return "YXRRSET";
        case Rcode::nxrrset:
            return "NXRRSET";
        case Rcode::notauth:
            return "NOTAUTH";
        case Rcode::notzone:
            return "NOTZONE";
        case Rcode::badvers:
            return "BADVERS";
        case Rcode::badcookie:
            return "BADCOOKIE";
    }
    return fmt::format("RCODE{}", static_cast<unsigned>(rcode));
}

}  // namespace dns
