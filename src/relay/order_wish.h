// OrderWish: what a newOrder asks for, checked for form (RFC 8555 7.4, 7.1.4; RFC 8738). Internal to relay/.
#pragma once

#include "relay/world.h"

namespace relay {

struct OrderWish {
    std::vector<Identifier> identifiers;  // lower case, each once
    std::string profile;                  // one that exists
    std::string replaces;
};

Checked<OrderWish> read_order(const boost::json::object& payload, const ServerSettings& settings);

}  // namespace relay
