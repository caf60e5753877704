#include "net/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace net {

std::size_t allow_open_files()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;  // What every process may have at least, in practice.
    }
    const auto now = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    const bool raised = now >= limit.rlim_max || ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
    return std::min<rlim_t>(raised ? limit.rlim_max : now, std::numeric_limits<int>::max());
}

}  // namespace net
