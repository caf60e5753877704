// The version of this program.
#pragma once

#include <string_view>

namespace app {

inline constexpr std::string_view version = CERTWRIGHT_VERSION;

}  // namespace app
