// Nested parts of records as JSON text columns. Writing is exact; reading is lenient: unknown fields are
// ignored and missing or broken ones take defaults, so that rows of an older or newer version stay readable.
// Internal to store/.
#pragma once

#include "base/result.h"
#include "model/endpoint.h"
#include "model/records.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace store {

std::string to_json(const std::vector<std::string>& list);
std::string to_json(const std::vector<model::DomainName>& names);
std::string to_json(const std::vector<model::KeyType>& types);
std::string to_json(const model::Problem& problem);  // empty text for no problem
std::string to_json(const std::vector<model::RequiredRecord>& records);
std::string to_json(const std::vector<model::Condition>& conditions);
std::string to_json(const std::map<std::string, std::string>& map);
std::string to_json(const std::vector<model::NameServer>& servers);
// Empty texts for what is as usual.
std::string to_json(const model::Forwarding& forwarding);
std::string to_json(const model::Hsts& hsts);

std::vector<std::string> texts_from(std::string_view json);
std::vector<model::DomainName> names_from(std::string_view json);
std::vector<model::KeyType> key_types_from(std::string_view json);
model::Problem problem_from(std::string_view json);
std::vector<model::RequiredRecord> records_from(std::string_view json);
std::vector<model::Condition> conditions_from(std::string_view json);
std::map<std::string, std::string> map_from(std::string_view json);
std::vector<model::NameServer> name_servers_from(std::string_view json);
model::Forwarding forwarding_from(std::string_view json);
model::Hsts hsts_from(std::string_view json);

// The enum of a text column, or `otherwise` for a text that this version does not know.
template <class E>
E known_or(base::Result<E> parsed, E otherwise)
{
    return parsed ? *parsed : otherwise;
}

}  // namespace store
