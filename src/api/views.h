// Records as the JSON that clients see. Sealed keys, account keys and token hashes have no place in it.
// Internal to api/.
#pragma once

#include "api/call.h"

namespace api {

json::object view(const model::Endpoint& endpoint);
// With certificates and the newest order.
json::object view(const endpoints::Detail& detail, base::Time now);
json::object view(const model::Certificate& certificate);
json::object view(const model::RenewalAdvice& advice);
json::object view(const model::Revocation& revocation);
json::object view(const model::Order& order);
json::object view(const model::CaAccount& account);
json::object view(const model::CaHealth& health);
json::object view(const model::Token& token);
json::object view(const model::Tenant& tenant);
json::object view(const model::EdgeNode& node);
json::object view(const model::EdgeGroup& group);
json::object view(const model::Event& event);
json::value view(const model::Problem& problem);  // null for none
json::object view(const model::Alert& alert);
json::object view(const model::Silence& silence);
json::object view(const model::Channel& channel);  // without its secret
json::object view(const model::Delivery& delivery);
json::object view(const alerts::ChannelDetail& detail);

json::value time_or_null(const std::optional<base::Time>& time);

// {"items": [...], "next": cursor or null}
template <class T>
json::object page(const std::vector<T>& items, const std::string& next)
{
    json::array made;
    for (const auto& each : items) {
        made.push_back(view(each));
    }
    json::object body;
    body["items"] = std::move(made);
    body["next"] = next.empty() ? json::value(nullptr) : json::value(next);
    return body;
}

}  // namespace api
