// Dates as HTTP and logs of web servers write them.
#pragma once

#include "base/clock.h"

#include <string>
#include <string_view>

namespace http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date(base::Time time);

// The same of now, and "06/Nov/1994:08:49:37 +0000", which access logs have. Made once a second by each
// thread.
std::string_view http_date_now();
std::string_view log_date_now();

}  // namespace http
