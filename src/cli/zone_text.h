// Zones and records as a person likes to read them. Internal to cli/.
#pragma once

#include "cli/json_view.h"
#include "cli/paint.h"

#include <string>
#include <string_view>

namespace cli {

bool is_within(std::string_view name, std::string_view zone);
std::string zone_text(const json::object& zone, const Paint& paint);
std::string zone_list_text(const json::object& page, const Paint& paint);
// "www.shop.test 300 A 192.0.2.1", one line a value.
std::string record_lines(const json::object& set);
// What an import changed: lines that begin with + and -.
std::string import_text(const json::object& imported, const Paint& paint);
std::string check_text(const json::object& report, const Paint& paint);

}  // namespace cli
