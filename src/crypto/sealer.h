// Sealer: secrets at rest, AES-256-GCM under the master key, bound to where they are stored.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace crypto {

// Immutable; safe from any thread.
class Sealer {
public:
    explicit Sealer(std::array<std::uint8_t, 32> master_key) : key_(master_key) {}

    // Reads the key file (base64, one line), which must not be readable by others; makes it with mode 0600
    // when it is missing and `create` is true.
    static base::Result<Sealer> open(const std::filesystem::path& file, bool create);

    // `context` names the row and tenant (e.g. "certificate/crt_x/default"); opening with another context
    // fails, so a sealed value cannot be moved to another row. Format: version 1, nonce 12, ciphertext,
    // tag 16.
    base::Bytes seal(base::ByteView secret, std::string_view context) const;
    base::Result<base::Bytes> open(base::ByteView sealed, std::string_view context) const;

    // Identifies the key without revealing it; stored beside the data, so that a wrong master key is told at
    // start-up.
    std::string check_value() const;

private:
    std::array<std::uint8_t, 32> key_;
};

}  // namespace crypto
