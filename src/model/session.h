// Sessions: someone at the dashboard, signed in by a token.
#pragma once

#include "base/clock.h"

#include <string>

namespace model {

struct Session {
    std::string secret_hash;  // SHA-256, hexadecimal
    std::string token;        // its id; a session may do what the token may, for as long as it may
    base::Time created_at{};
    base::Time expires_at{};
};

// Makes one session, once.
struct SignInCode {
    std::string code_hash;
    std::string token;
    base::Time expires_at{};
};

}  // namespace model
