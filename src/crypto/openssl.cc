#include "crypto/openssl.h"

#include "base/random.h"

#include <openssl/err.h>

#include <arpa/inet.h>

#include <array>

namespace crypto::detail {

std::string last_failure()
{
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown reason";
}

base::Error internal_failure(std::string_view what)
{
    return base::Error(base::Errc::internal, std::string(what) + ": " + last_failure());
}

OwnedX509 parse_der(base::ByteView der)
{
    const auto* at = der.data();
    OwnedX509 certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (certificate && at != der.data() + der.size()) {
        certificate.reset();
    }
    ERR_clear_error();
    return certificate;
}

bool set_serial(X509* certificate)
{
    auto octets = base::random_bytes(16);
    octets[0] = static_cast<std::uint8_t>((octets[0] & 0x3f) | 0x40);
    const OwnedBignum number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

namespace {

// IPv4 or IPv6 text as network octets; empty when it is neither.
base::Bytes address_octets(const std::string& text)
{
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) {
        return {octets.begin(), octets.begin() + 4};
    }
    if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) {
        return {octets.begin(), octets.end()};
    }
    return {};
}

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '*' || c == '_';
}

bool is_dns_name(const std::string& text)
{
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_name_character);
}

bool append(GENERAL_NAMES* names, int kind, base::ByteView value)
{
    Owned<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
    Owned<ASN1_STRING, ASN1_STRING_free> text(kind == GEN_DNS ? ASN1_STRING_type_new(V_ASN1_IA5STRING)
                                                              : ASN1_STRING_type_new(V_ASN1_OCTET_STRING));
    if (!name || !text || ASN1_STRING_set(text.get(), value.data(), static_cast<int>(value.size())) != 1) {
        return false;
    }
    GENERAL_NAME_set0_value(name.get(), kind, text.release());
    if (sk_GENERAL_NAME_push(names, name.get()) <= 0) {
        return false;
    }
    static_cast<void>(name.release());  // The list owns it now.
    return true;
}

}  // namespace

base::Result<OwnedNames> make_alternative_names(const std::vector<std::string>& identifiers)
{
    OwnedNames names(GENERAL_NAMES_new());
    if (!names) {
        return base::fail(internal_failure("cannot make a list of names"));
    }
    for (const auto& identifier : identifiers) {
        const auto octets = address_octets(identifier);
        if (octets.empty() && !is_dns_name(identifier)) {
            return base::fail(base::Error(base::Errc::invalid,
                                          "'" + identifier + "' is neither a DNS name nor an IP address")
                                  .with_code("name_invalid"));
        }
        const bool added = octets.empty() ? append(names.get(), GEN_DNS, base::as_bytes(identifier))
                                          : append(names.get(), GEN_IPADD, octets);
        if (!added) {
            return base::fail(internal_failure("cannot make a list of names"));
        }
    }
    return names;
}

}  // namespace crypto::detail
