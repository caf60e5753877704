// A stream that first gives bytes which were read too early.
#pragma once

#include "net/stream.h"

#include <memory>
#include <string>

namespace http {

// `prefix` may be empty: then it is `stream` itself.
std::unique_ptr<net::Stream> with_prefix(std::string prefix, std::unique_ptr<net::Stream> stream);

}  // namespace http
