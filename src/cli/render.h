// The API's answers as a person likes to read them. Pure: JSON in, text out.
#pragma once

#include "cli/json_view.h"
#include "cli/paint.h"

namespace cli {

// Everything of one endpoint: state, who must act, each record, certificates, what to do next.
std::string endpoint_text(const json::object& endpoint, const Paint& paint, base::Time now);
// The name as DNS has it, and as people read it where that differs.
std::string both_names(const json::object& endpoint);
// The records to create, with full names and what registrars' forms want.
std::string records_text(const json::object& endpoint, const Paint& paint);
// "301 to URL, path and query kept", of the members <prefix>_status, <prefix>_to and <prefix>_keep_path.
std::string redirect_text(const json::object& from, const std::string& prefix);
// One line: the state and, when something is wrong, why.
std::string endpoint_summary(const json::object& endpoint, const Paint& paint);

std::string endpoint_list_text(const json::object& page, const Paint& paint, base::Time now);
std::string certificate_list_text(const std::vector<json::object>& certificates, const Paint& paint,
                                  base::Time now);
std::string certificate_text(const json::object& certificate, const Paint& paint, base::Time now);
std::string account_list_text(const json::object& page, const Paint& paint, base::Time now);
// What is left of each limit, the scarcest first.
std::string limits_text(const json::object& limits, const Paint& paint, base::Time now);
// What CAA records of the name must allow; empty when the API said nothing.
std::string caa_text(const json::object& endpoint, const Paint& paint);
// One account: its CA, how that does, what is wrong and the fix.
std::string account_text(const json::object& account, const Paint& paint, base::Time now);
std::string token_list_text(const json::object& page, const Paint& paint, base::Time now);
std::string tenant_list_text(const json::object& page, const Paint& paint);
std::string edge_list_text(const json::object& page, const Paint& paint, base::Time now);
std::string event_text(const json::object& event, const Paint& paint);
std::string status_text(const json::object& status, const Paint& paint, base::Time now);

// A label in a column of its own, as every detail view has it.
std::string labelled(const Paint& paint, std::string_view label, std::string_view value);
// The problem's sentence with code, who must act and the fix, each on its line; empty for no problem.
std::string problem_text(const json::object& problem, const Paint& paint);

}  // namespace cli
