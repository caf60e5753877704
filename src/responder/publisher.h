// Publishing TXT values on name servers that are not ours, where our own port 53 cannot be public (DESIGN 6).
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "dns/update.h"
#include "http/client.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace responder {

// Every call is idempotent, and bounded. Runs on one executor: no locks.
class Publisher {
public:
    virtual ~Publisher() = default;

    virtual base::Task<> add(std::string owner, std::string value) = 0;
    // What is not there is no error.
    virtual base::Task<> remove(std::string owner, std::string value) = 0;
    // Values that it can hold at one time; 0: any number.
    virtual std::size_t capacity() const { return 0; }
};

// Dynamic updates (RFC 2136) to the primary of the zone, which is found by asking it.
struct Rfc2136Options {
    dns::UpdateOptions update;
    std::uint32_t ttl = 5;
};
std::unique_ptr<Publisher> make_rfc2136_publisher(base::Clock& clock, Rfc2136Options options);

// An acme-dns server. Everything goes to one account of it, which keeps two values and forgets them by
// itself; the challenge zone leads there by one wildcard CNAME. `account_file` holds what /register answered;
// when it is missing an account is registered and the file is made (mode 0600). REQUIRES: `client` outlives
// it.
struct AcmeDnsOptions {
    std::string api;  // https://auth.example.org
    std::filesystem::path account_file;
    std::string challenge_zone;  // for what the log tells people to create
};
std::unique_ptr<Publisher> make_acme_dns_publisher(http::Client& client, AcmeDnsOptions options);

// A program of the operator's: `program present|cleanup FQDN. VALUE`, as lego's exec provider calls it.
struct HookOptions {
    std::vector<std::string> command;
    std::chrono::milliseconds limit{60'000};
};
std::unique_ptr<Publisher> make_hook_publisher(HookOptions options);

}  // namespace responder
