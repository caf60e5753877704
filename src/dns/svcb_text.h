// Parameters of SVCB and HTTPS records (RFC 9460 2.1, 2.2): text form and wire form. Internal to dns.
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace dns {

// "alpn=h2,h3 port=8443"; nothing when it is not that.
std::optional<base::Bytes> parse_svc_params(std::string_view text);

// Empty for parameters that break the rules of their form.
std::optional<std::string> svc_params_text(base::ByteView params);

}  // namespace dns
