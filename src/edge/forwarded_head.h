// The heads of messages as a proxy passes them on (RFC 9110 7.6, RFC 7239). Pure functions.
#pragma once

#include "http/exchange.h"
#include "http/message.h"

#include <string>
#include <string_view>

namespace edge {

// The client asks for another protocol on this connection (WebSocket): HTTP/1.1 with Connection: upgrade.
bool wants_upgrade(const http::RequestHead& request);

// What the upstream gets: fields of one connection removed (Connection and those it names, Keep-Alive, TE,
// Trailer, Transfer-Encoding, Upgrade, Proxy-*), the client's address and the name it used in
// X-Forwarded-* and Forwarded (whatever the client claimed there is dropped: the edge is the first hop that
// can be believed).
http::RequestHead forwarded_request(const http::RequestHead& request, const net::ConnectionFacts& connection,
                                    std::string_view prefix, std::string request_id);
// A segment of the path leads upwards, as some origin may read it ("..", "%2e%2e", "..;x", behind %2F or a
// backslash): behind a prefix it would reach what lies beside it.
bool leads_upwards(std::string_view path);
// What the client gets. `upgrade`: keep the fields of a 101.
http::Headers forwarded_answer(http::Headers headers, bool upgrade);

// Trailers as they are passed on, either way: without those that say how to read, route or authorise a
// message, which are decided before its body (RFC 9110 6.5.1).
http::Headers passed_trailers(const http::Headers& trailers);

}  // namespace edge
