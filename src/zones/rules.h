// What may stand in a zone: rules that hold for people, updates and compatible APIs alike. No I/O.
#pragma once

#include "base/result.h"
#include "model/record_set.h"

#include <string>
#include <string_view>
#include <vector>

namespace zones {

inline constexpr std::size_t most_values = 1'000;         // of one set
inline constexpr std::size_t largest_set = 60'000;        // octets, so that every answer fits into a message
inline constexpr std::uint32_t longest_ttl = 0x7fffffff;  // RFC 2181 8

// A set by itself: its name, type, TTL and data. Codes: record_invalid, record_outside_zone, record_conflict
// (with what makes a zone).
base::Result<> check_set(const model::RecordSet& set);

// A set beside the others of its zone and name; that of its own type is passed over. record_conflict.
base::Result<> check_beside(const model::RecordSet& set, const std::vector<model::RecordSet>& others);

// "www.shop.test" or U-labels; canonical. record_invalid.
base::Result<std::string> canonical_name(std::string_view text);

}  // namespace zones
