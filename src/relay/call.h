// One request to the server and its answer, free of HTTP's framing.
#pragma once

#include "http/message.h"
#include "relay/faults.h"

#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct Call {
    std::string method;
    std::string target;    // path and query
    std::string base_url;  // "https://127.0.0.1:14000": how the client calls this server
    std::string client;    // address
    http::Headers headers;
    std::string body;

    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    // As the client wrote it.
    std::string url() const { return base_url + target; }
};

struct Reply {
    int status = 200;
    http::Headers headers;
    std::string body;
    bool lost = false;       // the connection ends instead
    bool truncated = false;  // it ends in the middle of the body
};

// Where a path leads: "/acme/order/7" is {Step::order, {"7"}}.
struct Place {
    Step step = Step::unknown;
    std::vector<std::string> ids;
};
Place place_of(std::string_view path);

}  // namespace relay
