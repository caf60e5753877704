#include "crypto/p256_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>

namespace crypto::detail {

namespace {

constexpr std::size_t scalar_size = 32;
constexpr std::size_t point_size = 65;  // uncompressed: 04, x, y

// Version 0; ecPublicKey with prime256v1; OCTET STRING of an ECPrivateKey of version 1 up to its scalar.
constexpr std::array<std::uint8_t, 36> before_scalar{0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
                                                     0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                                     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                                     0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
// Its public key: [1] with a BIT STRING.
constexpr std::array<std::uint8_t, 5> before_point{0xa1, 0x44, 0x03, 0x42, 0x00};
constexpr std::size_t pkcs8_size = before_scalar.size() + scalar_size + before_point.size() + point_size;
// ecPublicKey with prime256v1, then a BIT STRING.
constexpr std::array<std::uint8_t, 26> before_public{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

using OwnedBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using OwnedParameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using OwnedSecret = Owned<BIGNUM, BN_clear_free>;

OwnedPkey key_of(base::ByteView scalar, base::ByteView point)
{
    const OwnedSecret secret(BN_secure_new());
    const OwnedBuilder builder(OSSL_PARAM_BLD_new());
    const bool built =
        secret && builder &&
        BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), secret.get()) != nullptr &&
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) == 1 &&
        OSSL_PARAM_BLD_push_BN_pad(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get(), scalar_size) == 1;
    const OwnedParameters parameters(built ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
    const OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1) {
        return nullptr;
    }
    return OwnedPkey(key);
}

// The uncompressed point of a P-256 key.
bool take_point(const EVP_PKEY* key, std::array<std::uint8_t, point_size>& point)
{
    std::array<char, 32> group{};
    std::size_t size = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == "prime256v1" &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) ==
               1 &&
           size == point.size() && point.front() == 0x04;
}

}  // namespace

OwnedPkey read_p256(base::ByteView pkcs8)
{
    if (pkcs8.size() != pkcs8_size || !std::ranges::equal(pkcs8.first(before_scalar.size()), before_scalar)) {
        return nullptr;
    }
    const auto scalar = pkcs8.subspan(before_scalar.size(), scalar_size);
    const auto rest = pkcs8.subspan(before_scalar.size() + scalar_size);
    if (!std::ranges::equal(rest.first(before_point.size()), before_point)) {
        return nullptr;
    }
    return key_of(scalar, rest.subspan(before_point.size()));
}

base::Bytes write_p256(const EVP_PKEY* key)
{
    std::array<std::uint8_t, point_size> point{};
    BIGNUM* number = nullptr;
    if (!take_point(key, point) || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) {
        return {};
    }
    const OwnedSecret secret(number);
    base::Bytes der(before_scalar.begin(), before_scalar.end());
    der.reserve(pkcs8_size);
    der.resize(before_scalar.size() + scalar_size);
    if (BN_bn2binpad(secret.get(), der.data() + before_scalar.size(), scalar_size) != scalar_size) {
        return {};
    }
    der.insert(der.end(), before_point.begin(), before_point.end());
    der.insert(der.end(), point.begin(), point.end());
    return der;
}

base::Bytes write_p256_public(const EVP_PKEY* key)
{
    std::array<std::uint8_t, point_size> point{};
    if (!take_point(key, point)) {
        return {};
    }
    base::Bytes der(before_public.begin(), before_public.end());
    der.insert(der.end(), point.begin(), point.end());
    return der;
}

}  // namespace crypto::detail
