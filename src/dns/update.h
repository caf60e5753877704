// Dynamic updates of zones that other servers have (RFC 2136), signed (RFC 8945).
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "dns/message.h"
#include "dns/tsig.h"

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <vector>

namespace dns {

// Changes of an update, for its section of updates (RFC 2136 2.5.1, 2.5.4).
Record added(const Name& name, RecordType type, std::uint32_t ttl, base::Bytes data);
Record removed(const Name& name, RecordType type, base::Bytes data);

// The message that asks the primary of `zone` for `changes`, all or none.
Message make_update(const Name& zone, std::vector<Record> changes);

struct UpdateOptions {
    boost::asio::ip::tcp::endpoint server;
    std::optional<TsigKey> key;
    std::chrono::milliseconds limit{10'000};
};

// Sends it over TCP and waits for the answer, whose signature is checked. Refusals have the codes
// dns_update_refused (policy, unknown key), dns_update_zone (not its zone) and dns_update_failed.
base::Task<> send_update(UpdateOptions options, Message update, base::Time now);

// The apex of the zone that `server` has for `name`, by the SOA in its answers. dns_update_zone when it has
// none.
base::Task<Name> find_zone(boost::asio::ip::tcp::endpoint server, Name name, std::chrono::milliseconds limit);

}  // namespace dns
