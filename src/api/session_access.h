// Browsers at the API: their session cookie, and what tells a request of the dashboard from one that another
// site made a browser send. Internal to api/.
//
// The cookie is HttpOnly, SameSite=Strict, and over TLS Secure with the prefix __Host-. Unsafe methods with a
// cookie, and signing in, need a header that no other site can add (its request would be asked about first,
// which is never granted), and must not say that they come from elsewhere (Fetch Metadata).
#pragma once

#include "api/call.h"

#include <optional>
#include <string>
#include <string_view>

namespace api {

// The page that says it sent the request.
struct Browser {
    bool secure = false;  // between the browser and whoever speaks TLS before us
    bool ours = false;    // the dashboard, by the rule above
};
Browser browser_of(const http::RequestHead& request);

// The secret in the session cookie; empty when there is none.
std::string session_secret(const http::RequestHead& request);
// Values of Set-Cookie.
std::string session_cookie(std::string_view secret, std::chrono::seconds life, bool secure);
std::string no_session_cookie(bool secure);

// Who has the session of that secret. Errors: session_ended, and request_foreign for an unsafe method that is
// not of the dashboard.
base::Task<Access> authenticate_session(Parts parts, std::string secret, bool may_change);

}  // namespace api
