// Alerts, silences, channels and deliveries as the JSON that clients see. Internal to api/.
#pragma once

#include "alerts/service.h"
#include "api/call.h"

namespace api {

json::object view(const model::Alert& alert);
json::object view(const model::Silence& silence);
json::object view(const model::Channel& channel);  // without its secret
json::object view(const model::Delivery& delivery);
json::object view(const alerts::ChannelDetail& detail);

}  // namespace api
