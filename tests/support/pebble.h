// Pebble, the test CA of Let's Encrypt, as a child process.
#pragma once

#include "support/child.h"
#include "support/temp_dir.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace test {

struct PebbleOptions {
    std::string version;        // "2.4", "2.6", "2.10"; empty: CERTWRIGHT_PEBBLE, else the default version
    int nonce_reject = 5;       // per cent of good nonces that it refuses
    int authz_reuse = 50;       // per cent of valid authorizations that it uses again
    int alternate_roots = 0;    // offered beside the first
    int chain_length = 1;       // intermediates
    int sleep_seconds = 0;      // it waits up to so long before it validates
    bool always_valid = false;  // every challenge counts as met, without a look
    std::string dns_server;     // host:port; empty: the machine's
    std::uint16_t http_port = 5002;  // where it looks for HTTP-01 and TLS-ALPN-01
    std::uint16_t tls_port = 5001;
    std::map<std::string, std::string>
        external_accounts;  // key id -> base64url HMAC key; any: binding is required
    std::map<std::string, std::chrono::seconds> profiles;  // name -> validity (2.7 and later)
    std::vector<std::string> blocked;                      // domains that it refuses
};

// The default version first; empty when none is installed (run tools/peers).
const std::vector<std::string>& pebble_versions();
// Where that version's program is; empty when it is not there.
std::filesystem::path pebble_program(const std::string& version);

// Answers when constructed; throws with its log when it does not start. Ends with the object, or with this
// thread.
class Pebble {
public:
    explicit Pebble(PebbleOptions options);

    std::string directory_url() const;
    // PEM of its HTTPS certificate: what a client must trust to talk to it.
    std::string trust_file() const { return (folder_.path() / "tls.pem").string(); }
    // Its management interface, e.g. management_url("/roots/0").
    std::string management_url(const std::string& path) const;
    std::string log() const { return read_file(folder_.path() / "log"); }
    const std::string& version() const { return options_.version; }

private:
    bool start();
    std::string configuration() const;
    std::map<std::string, std::string> environment() const;

    PebbleOptions options_;
    TempDir folder_;
    std::uint16_t port_ = 0;
    std::uint16_t management_port_ = 0;
    std::unique_ptr<Child> process_;
};

}  // namespace test
