// Precompiled for every module. Only headers that are slow to parse and hardly ever change belong here.
#pragma once

#include "base/log.h"
#include "base/task.h"
#include "base/task_group.h"

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
