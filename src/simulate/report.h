// What a forecast says to people and to scripts.
#pragma once

#include "simulate/ask.h"
#include "simulate/fleet.h"

namespace simulate {

// Some lines of plain text.
std::string to_text(const Fleet& fleet, const Forecast& forecast);
// What to ask the CA for, and where.
std::string to_text(const Fleet& fleet, const Ask& ask, base::Time by);
// One line a day, and a last one with the result, and with what was asked for.
std::string to_json_lines(const Fleet& fleet, const Forecast& forecast, const std::optional<Ask>& ask);
// A picture: devices with a certificate, certificates a day, use of the order budget. 960 by 640.
std::string to_svg(const Fleet& fleet, const Forecast& forecast);

}  // namespace simulate
