// How many files (and so connections) this process may have open.
#pragma once

#include <cstddef>

namespace net {

// Raises the soft limit to the hard one, as servers of many connections do, and returns what holds then.
std::size_t allow_open_files();

}  // namespace net
