// Files of endpoints to import: CSV with a heading, or JSON lines. Internal to cli/.
#pragma once

#include "base/result.h"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct ImportLine {
    std::size_t number = 0;    // in the file, from 1
    boost::json::object body;  // what POST /v1/endpoints takes
};

enum class ImportOf { endpoints, redirects };

// JSON lines when the first character is '{': each is what the API takes. Otherwise CSV (RFC 4180) whose
// first line names the columns: names, upstream (of redirects to, and if wanted status, keep_path), and if
// wanted kind, ip_filter, filter_at, key_types, tenant; several values in a field are separated by blanks.
// Empty lines and those that begin with '#' are passed over. Errors name the line.
base::Result<std::vector<ImportLine>> parse_import(std::string_view text,
                                                   ImportOf what = ImportOf::endpoints);

}  // namespace cli
