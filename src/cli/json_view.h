// Reading the API's JSON without trusting its shape: what is absent or of another type is empty.
#pragma once

#include "base/clock.h"

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

namespace json = boost::json;

std::string text(const json::object& from, std::string_view name);
std::int64_t number(const json::object& from, std::string_view name);
bool flag(const json::object& from, std::string_view name);
const json::object& object(const json::object& from, std::string_view name);
std::vector<json::object> objects(const json::object& from, std::string_view name);
std::vector<std::string> texts(const json::object& from, std::string_view name);
std::optional<base::Time> time(const json::object& from, std::string_view name);

std::string joined(const std::vector<std::string>& texts, std::string_view separator = ", ");

}  // namespace cli
