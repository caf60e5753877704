// Profile: what kind of certificate is ordered (ca-facts 2.2), and the lives of what leads to it.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace relay {

struct Profile {
    std::string description;
    std::chrono::seconds validity = std::chrono::hours(90 * 24);
    std::chrono::seconds backdate = std::chrono::hours(1);
    std::chrono::seconds pending_authorization = std::chrono::hours(7 * 24);
    std::chrono::seconds valid_authorization = std::chrono::hours(30 * 24);
    std::chrono::seconds order = std::chrono::hours(7 * 24);
    std::size_t most_names = 100;
    bool addresses = true;
    bool common_name = true;
    bool subject_key_id = true;
    bool key_encipherment = true;
};

// Those of Let's Encrypt: classic (90 days; the default), tlsserver (45 days), shortlived (160 hours).
std::map<std::string, Profile> usual_profiles();

}  // namespace relay
