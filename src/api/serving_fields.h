// The members of an endpoint that say how edges serve it. Internal to api/.
#pragma once

#include "api/field_reader.h"
#include "endpoints/service.h"

namespace api {

struct ServingFields {
    endpoints::ForwardingChange forwarding;
    std::optional<model::Hsts> hsts;
    std::optional<model::PlainHttp> plain_http;
};

ServingFields serving_fields_from(FieldReader& reader);
// What is absent is as usual.
std::optional<model::Hsts> hsts_from(FieldReader& reader);

void add_serving(json::object& made, const model::Endpoint& endpoint);
json::object view(const model::Hsts& hsts);

}  // namespace api
