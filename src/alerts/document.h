// The document of a notice: what webhooks and commands get as it is, and mails are written from. Its fields
// are described in docs/alerts.md.
#pragma once

#include "alerts/text.h"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace alerts {

namespace json = boost::json;

json::object document_of(const model::Alert& alert);
json::object document_of(const model::Event& event);

// `id`: of the delivery. `about`: "alert", "alerts" or "event" and what it is.
json::object notice_document(const std::string& id, std::string_view type, base::Time now, const Text& text,
                             std::string_view about, json::value what);

}  // namespace alerts
