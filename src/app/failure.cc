#include "app/failure.h"

#include <fmt/format.h>

#include <cstdio>

namespace app {

int tell_failure(const base::Error& error, int status)
{
    fmt::print(stderr, "error: {}{}\n", error.message(),
               error.code().empty() ? std::string() : fmt::format(" [{}]", error.code()));
    if (!error.fix().empty()) {
        fmt::print(stderr, "fix:   {}\n", error.fix());
    }
    return status;
}

}  // namespace app
