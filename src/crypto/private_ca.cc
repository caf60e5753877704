#include "crypto/private_ca.h"

#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/openssl.h"

#include <fmt/format.h>

namespace crypto {

namespace {

using detail::OwnedX509;

constexpr std::chrono::days root_life{20 * 365};
constexpr std::chrono::days intermediate_life{10 * 365};
constexpr std::chrono::hours backdating{1};

bool set_time(ASN1_TIME* to, base::Time time)
{
    return ASN1_TIME_set(to,
                         std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()) !=
           nullptr;
}

bool add_name(X509_NAME* name, int nid, const std::string& text)
{
    const auto octets = base::as_bytes(text);
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, octets.data(),
                                      static_cast<int>(octets.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const detail::OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

OwnedX509 blank(base::Time not_before, base::Time not_after, EVP_PKEY* key)
{
    OwnedX509 made(X509_new());
    const bool written =
        made && X509_set_version(made.get(), X509_VERSION_3) == 1 && detail::set_serial(made.get()) &&
        set_time(X509_getm_notBefore(made.get()), not_before) &&
        set_time(X509_getm_notAfter(made.get()), not_after) && X509_set_pubkey(made.get(), key) == 1;
    return written ? std::move(made) : OwnedX509();
}

std::string pem_of(X509* certificate)
{
    return to_pem({detail::encode(i2d_X509, certificate)});
}

OwnedX509 from_pem(const std::string& pem)
{
    const auto chain = parse_chain(pem);
    return chain ? detail::parse_der(chain->der.front()) : OwnedX509();
}

// A CA's certificate. `issuer` null: signed by itself.
base::Result<std::string> certify(const std::string& name, const PrivateKey& key, X509* issuer,
                                  const PrivateKey& issuer_key, const PrivateCaOptions& options)
{
    const auto now = options.now;
    const char* uses = options.clients ? "serverAuth,clientAuth" : "serverAuth";
    const bool root = issuer == nullptr;
    const std::chrono::hours life = root ? root_life : intermediate_life;
    const auto made = blank(now - backdating, now + life, key.native());
    auto* certificate = made.get();
    auto* signer = root ? certificate : issuer;
    const bool written =
        made && add_name(X509_get_subject_name(certificate), NID_organizationName, "certwright") &&
        add_name(X509_get_subject_name(certificate), NID_commonName, name) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1 &&
        add_extension(certificate, signer, NID_basic_constraints,
                      root ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate, signer, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign") &&
        (root || add_extension(certificate, signer, NID_ext_key_usage, uses)) &&
        add_extension(certificate, signer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, signer, NID_authority_key_identifier, "keyid") &&
        X509_sign(certificate, issuer_key.native(), EVP_sha256()) > 0;
    if (!written) {
        return base::fail(detail::internal_failure("cannot write a CA certificate"));
    }
    return pem_of(certificate);
}

detail::OwnedPkey public_key(base::ByteView der)
{
    const auto* at = der.data();
    return detail::OwnedPkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
}

std::string common_name_of(const LeafShape& shape)
{
    const auto fits = [](const std::string& name) {
        return name.size() <= detail::longest_common_name && !name.contains(':');
    };
    const auto found = std::ranges::find_if(shape.identifiers, fits);
    return shape.common_name && found != shape.identifiers.end() ? *found : "";
}

bool add_leaf_names(X509* certificate, const LeafShape& shape, GENERAL_NAMES* names)
{
    const auto common_name = common_name_of(shape);
    const bool critical = common_name.empty();  // RFC 5280 4.2.1.6: when there is no subject
    return (critical || add_name(X509_get_subject_name(certificate), NID_commonName, common_name)) &&
           X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, critical ? 1 : 0,
                             X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

base::Result<PrivateCa> PrivateCa::create(const PrivateCaOptions& options)
{
    TRY(key, PrivateKey::generate(options.key_type));
    std::vector<Root> roots;
    std::vector<std::string> intermediates;
    for (int i = 0; i < std::max(options.roots, 1); ++i) {
        TRY(root_key, PrivateKey::generate(options.key_type));
        const auto number = i == 0 ? std::string() : fmt::format(" {}", i + 1);
        TRY(root, certify(options.name + " root" + number, root_key, nullptr, root_key, options));
        const auto parsed = from_pem(root);
        TRY(intermediate, certify(options.name + " intermediate", key, parsed.get(), root_key, options));
        roots.push_back({std::move(root_key), std::move(root)});
        intermediates.push_back(std::move(intermediate));
    }
    return PrivateCa(std::move(roots), std::move(key), std::move(intermediates));
}

base::Result<base::Bytes> PrivateCa::issue(const LeafShape& shape) const
{
    TRY(names, detail::make_alternative_names(shape.identifiers));
    const auto key = public_key(shape.public_der);
    const auto issuer = from_pem(intermediates_.front());
    const auto made = key ? blank(shape.not_before, shape.not_after, key.get()) : OwnedX509();
    auto* certificate = made.get();
    const bool encipher = shape.key_encipherment && key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
    const bool written =
        made && issuer && X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get())) == 1 &&
        add_leaf_names(certificate, shape, names.get()) &&
        add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, issuer.get(), NID_key_usage,
                      encipher ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature") &&
        add_extension(certificate, issuer.get(), NID_ext_key_usage,
                      shape.client ? "clientAuth" : "serverAuth") &&
        (!shape.subject_key_id ||
         add_extension(certificate, issuer.get(), NID_subject_key_identifier, "hash")) &&
        add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid") &&
        X509_sign(certificate, key_.native(), EVP_sha256()) > 0;
    if (!written) {
        return base::fail(detail::internal_failure("cannot write a certificate"));
    }
    return detail::encode(i2d_X509, certificate);
}

base::Result<std::string> PrivateCa::issue_chain(const LeafShape& shape, std::size_t which) const
{
    TRY(leaf, issue(shape));
    return to_pem({leaf}) + intermediates_.at(which);
}

}  // namespace crypto
