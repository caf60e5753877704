// Alerts and channels as a person likes to read them. Pure: JSON in, text out.
#pragma once

#include "cli/json_view.h"
#include "cli/paint.h"

namespace cli {

std::string alert_list_text(const json::object& page, const Paint& paint, base::Time now);
// Everything of one alert: what, until when, who must act, and how to silence it.
std::string alert_text(const json::object& alert, const Paint& paint, base::Time now);
std::string silence_list_text(const json::object& page, const Paint& paint, base::Time now);
std::string channel_list_text(const json::object& page, const Paint& paint, base::Time now);
// With its last deliveries.
std::string channel_text(const json::object& channel, const Paint& paint, base::Time now);

}  // namespace cli
