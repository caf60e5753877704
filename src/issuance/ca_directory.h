// Certificate authorities that certwright knows by name.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace issuance {

// Short name -> directory.
const std::map<std::string, std::string>& known_directories();

// The URL for a short name; an https:// URL stays itself. Errors: ca_directory_invalid, with what is known.
base::Result<std::string> directory_url(const std::string& text);

// True for the directories of staging environments, whose certificates nobody trusts.
bool is_staging(std::string_view directory_url);

// What people call the CA: its short name, or the host of the directory.
std::string short_name(const std::string& directory_url);

}  // namespace issuance
