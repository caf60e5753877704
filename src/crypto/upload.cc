// Checks of a certificate that a customer brings.
#include "crypto/leaf.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <arpa/inet.h>

namespace crypto {

namespace {

base::Error refused(std::string_view code, std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code(std::string(code))
        .with_fix(std::move(fix));
}

bool covers(const std::string& identifier, const std::string& name)
{
    if (identifier == name) {
        return true;
    }
    const auto parsed = model::DomainName::parse(identifier);
    return parsed && !name.starts_with("*.") && parsed->covers(name);
}

// Public CAs never issue from a root and say where the issuer's certificate is; whoever leaves it out makes
// some clients fail.
base::Result<> check_complete(const Chain& chain)
{
    const auto leaf = detail::parse_der(chain.der.front());
    const bool self_issued =
        X509_NAME_cmp(X509_get_issuer_name(leaf.get()), X509_get_subject_name(leaf.get())) == 0;
    if (chain.der.size() == 1 && !self_issued && X509_get_ext_by_NID(leaf.get(), NID_info_access, -1) >= 0) {
        return base::fail(detail::chain_incomplete(
            fmt::format("The certificate of the issuer, {}, is missing.", chain.leaf.issuer),
            "Append the issuer's certificate (often called chain, intermediate or CA bundle) below your "
            "own."));
    }
    return {};
}

// The halves belong together, and the private half is consistent in itself.
bool is_pair(const Chain& chain, const PrivateKey& key)
{
    const auto leaf = detail::parse_der(chain.der.front());
    const detail::OwnedPkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.native(), nullptr));
    const bool pair = EVP_PKEY_eq(X509_get0_pubkey(leaf.get()), key.native()) == 1 && context &&
                      EVP_PKEY_pairwise_check(context.get()) == 1;
    ERR_clear_error();
    return pair;
}

}  // namespace

base::Result<Chain> check_upload(std::string_view chain_pem, std::string_view key_pem,
                                 const std::vector<std::string>& names, base::Time now)
{
    TRY(chain, parse_chain(chain_pem));
    TRY(key, PrivateKey::from_pem(key_pem));
    if (!is_pair(chain, key)) {
        return base::fail(refused("key_mismatch", "The private key does not belong to this certificate.",
                                  "Upload the key that the certificate was requested with."));
    }
    if (chain.leaf.not_after <= now) {
        return base::fail(
            refused("cert_upload_expired",
                    fmt::format("The certificate expired at {}.", base::to_rfc3339(chain.leaf.not_after)),
                    "Upload a certificate that is still valid."));
    }
    if (chain.leaf.not_before > now) {
        return base::fail(refused(
            "cert_upload_expired",
            fmt::format("The certificate is not valid before {}.", base::to_rfc3339(chain.leaf.not_before)),
            "Upload it again from that time on, or another one now."));
    }
    for (const auto& name : names) {
        const auto covered = [&](const std::string& identifier) { return covers(identifier, name); };
        if (std::ranges::none_of(chain.leaf.identifiers, covered)) {
            return base::fail(refused("name_not_covered",
                                      fmt::format("The certificate is for {}, not for {}.",
                                                  fmt::join(chain.leaf.identifiers, ", "), name),
                                      fmt::format("Upload a certificate that covers {}.", name)));
        }
    }
    CHECKED(check_complete(chain));
    return std::move(chain);
}

}  // namespace crypto
