// How a command that ends with a failure tells it.
#pragma once

#include "base/result.h"

namespace app {

// On standard error, as the command line tells refusals of the API. Returns `status`.
int tell_failure(const base::Error& error, int status);

}  // namespace app
