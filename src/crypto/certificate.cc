#include "crypto/certificate.h"

#include "crypto/leaf.h"
#include "crypto/pem.h"

#include <fmt/format.h>
#include <openssl/err.h>

namespace crypto {

namespace detail {

base::Error unparsable(std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code("unparsable")
        .with_fix(std::move(fix));
}

base::Error chain_incomplete(std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code("chain_incomplete")
        .with_fix(std::move(fix));
}

}  // namespace detail

namespace {

using detail::OwnedX509;

constexpr std::size_t largest_chain = 256 * 1024;
constexpr std::size_t most_certificates = 10;

// Each certificate is signed by the next one.
base::Result<> check_order(const std::vector<OwnedX509>& chain)
{
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        const auto* issuer = chain[i + 1].get();
        auto* issuer_key = X509_get0_pubkey(issuer);
        const bool named =
            X509_NAME_cmp(X509_get_issuer_name(chain[i].get()), X509_get_subject_name(issuer)) == 0;
        const bool signed_by = named && issuer_key != nullptr && X509_verify(chain[i].get(), issuer_key) == 1;
        ERR_clear_error();
        if (!signed_by) {
            return base::fail(detail::chain_incomplete(
                fmt::format("Certificate {} of the chain was not issued by certificate {}.", i + 1, i + 2),
                "Put the site's certificate first, then each issuer below the certificate that it signed."));
        }
    }
    return {};
}

base::Result<std::vector<PemBlock>> certificate_blocks(std::string_view pem)
{
    if (pem.size() > largest_chain) {
        return base::fail(detail::unparsable("The certificate chain's text is too long.",
                                             "Give only the site's certificate and its issuers."));
    }
    TRY(blocks, parse_pem(pem));
    std::erase_if(
        blocks, [](const PemBlock& b) { return b.label != "CERTIFICATE" && b.label != "X509 CERTIFICATE"; });
    if (blocks.empty()) {
        return base::fail(detail::unparsable("There is no certificate in this text.",
                                             "Give the text from BEGIN CERTIFICATE to END CERTIFICATE, with "
                                             "both lines, for each certificate."));
    }
    if (blocks.size() > most_certificates) {
        return base::fail(detail::unparsable(fmt::format("The chain has {} certificates.", blocks.size()),
                                             "Give only the site's certificate and its issuers."));
    }
    return std::move(blocks);
}

}  // namespace

base::Result<Chain> parse_chain(std::string_view pem)
{
    TRY(blocks, certificate_blocks(pem));
    Chain chain;
    std::vector<OwnedX509> parsed;
    for (auto& block : blocks) {
        parsed.push_back(detail::parse_der(block.der));
        if (!parsed.back()) {
            return base::fail(detail::unparsable(
                fmt::format("Certificate {}, at line {}, is damaged.", parsed.size(), block.line),
                "Copy that certificate again, from its BEGIN line to its END line."));
        }
        chain.der.push_back(std::move(block.der));
    }
    CHECKED(check_order(parsed));
    auto facts = detail::leaf_facts(parsed.front().get(), chain.der.front());
    if (!facts) {
        return base::fail(detail::unparsable(facts.error().message(), "Use another certificate."));
    }
    chain.leaf = std::move(*facts);
    return chain;
}

std::string to_pem(const std::vector<base::Bytes>& der)
{
    std::string pem;
    for (const auto& certificate : der) {
        pem += "-----BEGIN CERTIFICATE-----\n";
        const auto text = base::to_base64(certificate);
        for (std::size_t at = 0; at < text.size(); at += 64) {
            pem.append(text, at, 64);
            pem += '\n';
        }
        pem += "-----END CERTIFICATE-----\n";
    }
    return pem;
}

}  // namespace crypto
