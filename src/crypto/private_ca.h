// PrivateCa: roots, an intermediate, and the certificates that it signs (RFC 5280). Blocks for as long as a
// signature takes; immutable after construction, safe to share between threads.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"

#include <filesystem>
#include <string>
#include <vector>

namespace crypto {

struct PrivateCaOptions {
    std::string name = "certwright test";
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    int roots = 1;         // each signs the same intermediate, so that there are as many chains
    bool clients = false;  // it also signs certificates of clients
    base::Time now{};
};

// What a leaf is to say. Names are checked by who asks.
struct LeafShape {
    std::vector<std::string> identifiers;
    base::Bytes public_der;  // SubjectPublicKeyInfo
    base::Time not_before{};
    base::Time not_after{};
    bool common_name = false;  // the first DNS name that fits
    bool subject_key_id = true;
    bool key_encipherment = false;  // RSA keys only
    bool client = false;            // to be shown by a client, and no server's
};

class PrivateCa {
public:
    static base::Result<PrivateCa> create(const PrivateCaOptions& options);
    // Opens the CA of a folder, or makes it there: root-N.pem, root-N.key, intermediate-N.pem,
    // intermediate.key; keys are readable by their owner only. What is in the folder wins over `options`.
    static base::Result<PrivateCa> open(const std::filesystem::path& folder, const PrivateCaOptions& options);

    // Everything, keys included, as one text of PEM blocks, and back: for one that is kept sealed in a store.
    std::string to_secret() const;
    static base::Result<PrivateCa> from_secret(std::string_view secret);

    // The certificate's DER. A serial number is 16 random octets.
    base::Result<base::Bytes> issue(const LeafShape& shape) const;

    // How many roots, and so chains, there are.
    std::size_t chains() const { return roots_.size(); }
    // PEM; `which` is below chains().
    const std::string& root_pem(std::size_t which) const { return roots_.at(which).pem; }
    const std::string& intermediate_pem(std::size_t which) const { return intermediates_.at(which); }
    // Signing by the intermediate of a certificate for ourselves, e.g. the HTTPS of the CA's own server, as
    // PEM with the intermediate behind it.
    base::Result<std::string> issue_chain(const LeafShape& shape, std::size_t which) const;

private:
    struct Root {
        PrivateKey key;
        std::string pem;
    };

    PrivateCa(std::vector<Root> roots, PrivateKey key, std::vector<std::string> intermediates)
        : roots_(std::move(roots)), key_(std::move(key)), intermediates_(std::move(intermediates))
    {
    }
    static base::Result<PrivateCa> read(const std::filesystem::path& folder);
    base::Result<> write(const std::filesystem::path& folder) const;

    std::vector<Root> roots_;
    PrivateKey key_;
    std::vector<std::string> intermediates_;
};

}  // namespace crypto
