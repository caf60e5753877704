#include "crypto/request_facts.h"

#include "crypto/leaf.h"

#include <openssl/err.h>

#include <array>

namespace crypto {

namespace {

base::Error bad_request(std::string message)
{
    ERR_clear_error();
    return base::Error(base::Errc::invalid, std::move(message)).with_code("bad_request");
}

void read_names(X509_REQ* request, RequestFacts& facts)
{
    const detail::OwnedExtensions extensions(X509_REQ_get_extensions(request));
    const detail::OwnedNames names(static_cast<GENERAL_NAMES*>(
        extensions ? X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr) : nullptr));
    facts.identifiers = detail::identifiers_in(names.get());
    const auto all = names ? static_cast<std::size_t>(sk_GENERAL_NAME_num(names.get())) : 0;
    facts.other_names = all != facts.identifiers.size();
}

void read_common_names(X509_REQ* request, RequestFacts& facts)
{
    const auto* subject = X509_REQ_get_subject_name(request);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        std::uint8_t* raw = nullptr;
        const int size =
            ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (size >= 0) {
            facts.common_names.emplace_back(base::as_text({raw, static_cast<std::size_t>(size)}));
            OPENSSL_free(raw);
        }
    }
}

KeyFacts key_facts(const EVP_PKEY* key)
{
    KeyFacts facts;
    facts.rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    facts.bits = EVP_PKEY_get_bits(key);
    std::array<char, 64> group{};
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1) {
        const std::string_view name = group.data();
        facts.curve = name == "prime256v1"  ? "P-256"
                      : name == "secp384r1" ? "P-384"
                      : name == "secp521r1" ? "P-521"
                                            : "";
    }
    return facts;
}

bool is_weak(const X509_REQ* request)
{
    int digest = NID_undef;
    OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, nullptr);
    return digest == NID_md5 || digest == NID_sha1;
}

struct Element {
    base::ByteView whole;
    base::ByteView content;
};

// Takes the next DER element off `left`.
base::Result<Element> take_element(base::ByteView& left)
{
    constexpr int damaged = 0x80;
    constexpr int indefinite = 0x01;
    const auto* at = left.data();
    long size = 0;
    int tag = 0;
    int kind = 0;
    const int found = ASN1_get_object(&at, &size, &tag, &kind, static_cast<long>(left.size()));
    if ((found & (damaged | indefinite)) != 0) {
        return base::fail(bad_request("these octets are no certificate request"));
    }
    const auto head = static_cast<std::size_t>(at - left.data());
    const auto whole = left.first(head + static_cast<std::size_t>(size));
    left = left.subspan(whole.size());
    return Element{whole, whole.subspan(head)};
}

}  // namespace

base::Result<RequestFacts> read_request(base::ByteView der)
{
    const auto* at = der.data();
    const detail::OwnedRequest request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (!request || at != der.data() + der.size()) {
        return base::fail(bad_request("these octets are no certificate request"));
    }
    auto* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) {
        return base::fail(bad_request("the request's public key cannot be read"));
    }
    RequestFacts facts;
    facts.weak_signature = is_weak(request.get());
    if (!facts.weak_signature && X509_REQ_verify(request.get(), key) != 1) {
        return base::fail(bad_request("the request is not signed by its own key"));
    }
    read_names(request.get(), facts);
    read_common_names(request.get(), facts);
    facts.public_der = detail::encode(i2d_PUBKEY, key);
    facts.key = key_facts(key);
    ERR_clear_error();
    return facts;
}

base::Result<base::Bytes> public_key_in(base::ByteView request_der)
{
    TRY(request, take_element(request_der));
    TRY(info, take_element(request.content));
    auto fields = info.content;
    CHECKED(take_element(fields));  // version
    CHECKED(take_element(fields));  // subject
    TRY(key, take_element(fields));
    return base::Bytes(key.whole.begin(), key.whole.end());
}

}  // namespace crypto
