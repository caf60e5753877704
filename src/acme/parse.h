// Reading what a CA sends. Lenient (RFC 8555 leaves room, and CAs differ): members that are missing or of
// another type are empty, unknown ones are ignored; only what is no JSON object at all is an error.
#pragma once

#include "acme/resources.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace acme {

// None when the text is no problem document (an HTML page of a proxy, say). RFC 9457; RFC 8555 6.7.
Problem parse_problem(std::string_view body);

// invalid when the members that every CA has are missing.
base::Result<Directory> parse_directory(std::string_view body);
base::Result<Account> parse_account(std::string_view body);
base::Result<OrderResource> parse_order(std::string_view body);
base::Result<Authorization> parse_authorization(std::string_view body);
base::Result<Challenge> parse_challenge(std::string_view body);
// invalid for a window that ends before it begins (RFC 9773 4.2). retry_after is not in the body.
base::Result<RenewalInfo> parse_renewal_info(std::string_view body);

}  // namespace acme
