#include "crypto/public_key.h"

#include "crypto/digest.h"
#include "crypto/openssl.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>

namespace crypto {

namespace {

namespace json = boost::json;
using detail::Owned;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;

constexpr std::size_t largest_jwk = 8 * 1024;
constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 8192;

// RFC 7518 3.4 and 6.2.1.1.
struct Curve {
    std::string_view name;
    std::string_view algorithm;
    std::size_t octets;
    const EVP_MD* (*digest)();
};
constexpr Curve curves[] = {{"P-256", "ES256", 32, EVP_sha256},
                            {"P-384", "ES384", 48, EVP_sha384},
                            {"P-521", "ES512", 66, EVP_sha512}};

base::Error bad_key(std::string message)
{
    ERR_clear_error();
    return base::Error(base::Errc::invalid, std::move(message)).with_code("bad_public_key");
}

base::Result<std::string> text_member(const json::object& jwk, std::string_view name)
{
    const auto* value = jwk.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return base::fail(bad_key(fmt::format("the JWK has no \"{}\"", name)));
    }
    return std::string(value->get_string());
}

base::Result<base::Bytes> number_member(const json::object& jwk, std::string_view name)
{
    TRY(text, text_member(jwk, name));
    auto octets = base::from_base64url(text);
    if (!octets || octets->empty()) {
        return base::fail(bad_key(fmt::format("the JWK's \"{}\" is not base64url", name)));
    }
    return octets;
}

base::Result<std::shared_ptr<EVP_PKEY>> build(const char* kind, OSSL_PARAM_BLD* builder)
{
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const detail::OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return base::fail(bad_key("the JWK is not a public key"));
    }
    return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
}

struct Made {
    std::shared_ptr<EVP_PKEY> key;
    std::string jwk;
    std::string_view algorithm;
};

base::Result<Made> elliptic(const json::object& jwk)
{
    TRY(name, text_member(jwk, "crv"));
    const auto* curve = std::ranges::find(curves, std::string_view(name), &Curve::name);
    if (curve == std::end(curves)) {
        return base::fail(bad_key(fmt::format("the curve \"{}\" is not supported", name)));
    }
    TRY(x, number_member(jwk, "x"));
    TRY(y, number_member(jwk, "y"));
    if (x.size() != curve->octets || y.size() != curve->octets) {
        return base::fail(bad_key("the JWK's coordinates do not have the length of the curve"));
    }
    base::Bytes point{4};  // uncompressed
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());
    const Builder builder(OSSL_PARAM_BLD_new());
    const bool pushed = builder &&
                        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                        curve->name.data(), curve->name.size()) == 1 &&
                        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                                         point.size()) == 1;
    if (!pushed) {
        return base::fail(detail::internal_failure("cannot read a key"));
    }
    TRY(key, build("EC", builder.get()));
    auto text = fmt::format(R"({{"crv":"{}","kty":"EC","x":"{}","y":"{}"}})", curve->name,
                            base::to_base64url(x), base::to_base64url(y));
    return Made{std::move(key), std::move(text), curve->algorithm};
}

base::Result<Made> rsa(const json::object& jwk)
{
    TRY(n, number_member(jwk, "n"));
    TRY(e, number_member(jwk, "e"));
    const detail::OwnedBignum modulus(BN_bin2bn(n.data(), static_cast<int>(n.size()), nullptr));
    const detail::OwnedBignum exponent(BN_bin2bn(e.data(), static_cast<int>(e.size()), nullptr));
    if (!modulus || !exponent) {
        return base::fail(detail::internal_failure("cannot read a key"));
    }
    const int bits = BN_num_bits(modulus.get());
    if (bits < least_rsa_bits || bits > most_rsa_bits) {
        return base::fail(bad_key(fmt::format("an RSA key of {} bits is not accepted", bits)));
    }
    if (BN_is_odd(exponent.get()) == 0 || BN_num_bits(exponent.get()) < 2 ||
        BN_num_bits(exponent.get()) > 64 || BN_is_odd(modulus.get()) == 0) {
        return base::fail(bad_key("the RSA key is not sound"));
    }
    const Builder builder(OSSL_PARAM_BLD_new());
    const bool pushed = builder &&
                        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
                        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
    if (!pushed) {
        return base::fail(detail::internal_failure("cannot read a key"));
    }
    TRY(key, build("RSA", builder.get()));
    auto text =
        fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", base::to_base64url(e), base::to_base64url(n));
    return Made{std::move(key), std::move(text), "RS256"};
}

// r || s to ASN.1; empty when it has not the curve's length.
base::Bytes to_asn1(base::ByteView flat, std::size_t octets)
{
    if (flat.size() != 2 * octets) {
        return {};
    }
    const Owned<ECDSA_SIG, ECDSA_SIG_free> parsed(ECDSA_SIG_new());
    detail::OwnedBignum r(BN_bin2bn(flat.data(), static_cast<int>(octets), nullptr));
    detail::OwnedBignum s(BN_bin2bn(flat.data() + octets, static_cast<int>(octets), nullptr));
    if (!parsed || !r || !s || ECDSA_SIG_set0(parsed.get(), r.get(), s.get()) != 1) {
        return {};
    }
    static_cast<void>(r.release());  // The signature owns them now.
    static_cast<void>(s.release());
    return detail::encode(i2d_ECDSA_SIG, parsed.get());
}

}  // namespace

base::Result<PublicKey> PublicKey::from_jwk(std::string_view text)
{
    if (text.size() > largest_jwk) {
        return base::fail(bad_key("the JWK is too long"));
    }
    boost::system::error_code failure;
    const auto value = json::parse(text, failure);
    if (failure || !value.is_object()) {
        return base::fail(bad_key("the JWK is not a JSON object"));
    }
    const auto& jwk = value.get_object();
    TRY(kind, text_member(jwk, "kty"));
    if (kind != "EC" && kind != "RSA") {
        return base::fail(bad_key(fmt::format("keys of type \"{}\" are not supported", kind)));
    }
    auto made = kind == "EC" ? elliptic(jwk) : rsa(jwk);
    if (!made) {
        return base::fail(std::move(made).error());
    }
    return PublicKey(std::move(made->key), std::move(made->jwk), made->algorithm);
}

bool PublicKey::verify_jws(base::ByteView input, base::ByteView signature) const
{
    const auto* curve = std::ranges::find(curves, algorithm_, &Curve::algorithm);
    base::Bytes der;
    const EVP_MD* digest = EVP_sha256();
    if (curve != std::end(curves)) {
        der = to_asn1(signature, curve->octets);
        signature = der;
        digest = curve->digest();
    }
    const detail::OwnedDigest context(EVP_MD_CTX_new());
    const bool good =
        context && !signature.empty() &&
        EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(), input.size()) == 1;
    ERR_clear_error();
    return good;
}

std::string PublicKey::thumbprint() const
{
    return base::to_base64url(sha256(base::as_bytes(jwk_)));
}

base::Bytes PublicKey::public_der() const
{
    return detail::encode(i2d_PUBKEY, key_.get());
}

bool verify_jws_hmac(std::string_view algorithm, base::ByteView mac_key, base::ByteView input,
                     base::ByteView signature)
{
    const EVP_MD* digest = algorithm == "HS256"   ? EVP_sha256()
                           : algorithm == "HS384" ? EVP_sha384()
                           : algorithm == "HS512" ? EVP_sha512()
                                                  : nullptr;
    if (digest == nullptr || mac_key.empty()) {
        return false;
    }
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    if (HMAC(digest, mac_key.data(), static_cast<int>(mac_key.size()), input.data(), input.size(), mac.data(),
             &size) == nullptr) {
        ERR_clear_error();
        return false;
    }
    return equal_secret({mac.data(), size}, signature);
}

}  // namespace crypto
