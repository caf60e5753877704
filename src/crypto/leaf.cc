// Facts of a leaf certificate (RFC 5280).
#include "crypto/leaf.h"

#include "base/ascii.h"
#include "crypto/digest.h"

#include <openssl/err.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace crypto::detail {

namespace {

std::string name_entry(const X509_NAME* name, int nid)
{
    const int at = X509_NAME_get_index_by_NID(name, nid, -1);
    const auto* entry = at < 0 ? nullptr : X509_NAME_get_entry(name, at);
    std::uint8_t* raw = nullptr;
    const int size = entry == nullptr ? -1 : ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) {
        ERR_clear_error();
        return {};
    }
    std::string text(base::as_text({raw, static_cast<std::size_t>(size)}));
    OPENSSL_free(raw);
    return text;
}

base::Result<base::Time> to_time(const ASN1_TIME* value)
{
    std::tm parts{};
    if (value == nullptr || ASN1_TIME_to_tm(value, &parts) != 1) {
        ERR_clear_error();
        return base::fail(base::Errc::invalid, "a date of the certificate cannot be read");
    }
    return base::Time(std::chrono::seconds(timegm(&parts)));
}

std::string address_text(base::ByteView octets)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = octets.size() == 4 ? AF_INET : AF_INET6;
    if ((octets.size() != 4 && octets.size() != 16) ||
        inet_ntop(family, octets.data(), text.data(), text.size()) == nullptr) {
        return {};
    }
    return text.data();
}

// Lower case; empty when it holds what no DNS name holds (such as a NUL, used to fool comparisons).
std::string dns_text(base::ByteView octets)
{
    const auto text = base::as_text(octets);
    const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    return printable ? base::to_lower(text) : std::string();
}

base::ByteView view(const ASN1_STRING* value)
{
    return {ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::vector<std::string> identifiers_of(const X509* certificate)
{
    const OwnedNames names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    auto identifiers = identifiers_in(names.get());
    ERR_clear_error();
    return identifiers;
}

std::string serial_hex(const ASN1_INTEGER* serial)
{
    const OwnedBignum number(ASN1_INTEGER_to_BN(serial, nullptr));
    base::Bytes bytes(number ? static_cast<std::size_t>(std::max(1, BN_num_bytes(number.get()))) : 0);
    if (number) {
        BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(bytes.size()));
    }
    return base::to_hex(bytes);
}

// RFC 9773 4.1: the key identifier and the content octets of the serial number, a leading zero octet
// included.
std::string ari_id_of(const X509* certificate)
{
    const auto* key_id =
        X509_get0_authority_key_id(const_cast<X509*>(certificate));  // fills a cache, changes nothing
    auto serial = encode(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate));
    const std::size_t head = 2;  // tag and one octet of length: serial numbers have at most 20 octets
    if (key_id == nullptr || serial.size() <= head || serial[1] >= 0x80) {
        return {};
    }
    return base::to_base64url(view(key_id)) + "." + base::to_base64url(base::ByteView(serial).subspan(head));
}

base::Result<model::KeyType> key_type_of(const X509* certificate)
{
    const auto* key = X509_get0_pubkey(certificate);
    const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
    ERR_clear_error();
    if (kind != EVP_PKEY_EC && kind != EVP_PKEY_RSA) {
        return base::fail(base::Errc::invalid, "the certificate's key is neither ECDSA nor RSA");
    }
    return kind == EVP_PKEY_EC ? model::KeyType::ecdsa_p256 : model::KeyType::rsa_2048;
}

}  // namespace

std::vector<std::string> identifiers_in(const GENERAL_NAMES* names)
{
    std::vector<std::string> identifiers;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
        int kind = 0;
        const auto* value =
            static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind));
        std::string text;
        if (kind == GEN_DNS) {
            text = dns_text(view(value));
        } else if (kind == GEN_IPADD) {
            text = address_text(view(value));
        }
        if (!text.empty()) {
            identifiers.push_back(std::move(text));
        }
    }
    return identifiers;
}

base::Result<LeafFacts> leaf_facts(const X509* certificate, base::ByteView der)
{
    LeafFacts facts;
    TRY(not_before, to_time(X509_get0_notBefore(certificate)));
    TRY(not_after, to_time(X509_get0_notAfter(certificate)));
    TRY(key_type, key_type_of(certificate));
    facts.not_before = not_before;
    facts.not_after = not_after;
    facts.key_type = key_type;
    facts.identifiers = identifiers_of(certificate);
    facts.subject_common_name = name_entry(X509_get_subject_name(certificate), NID_commonName);
    const auto* issuer = X509_get_issuer_name(certificate);
    facts.issuer = name_entry(issuer, NID_commonName);
    if (facts.issuer.empty()) {
        facts.issuer = name_entry(issuer, NID_organizationName);
    }
    facts.serial = serial_hex(X509_get0_serialNumber(certificate));
    facts.sha256 = base::to_hex(sha256(der));
    facts.public_der = encode(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate));
    facts.ari_id = ari_id_of(certificate);
    return facts;
}

}  // namespace crypto::detail
