// ask: one question to one server, for the propagation gate and checks that must see what each server itself
// says.
#pragma once

#include "base/task.h"
#include "dns/message.h"

#include <boost/asio/ip/tcp.hpp>

namespace dns {

enum class Transport { udp, tcp };

struct Query {
    Name name;
    RecordType type = RecordType::a;
    Transport transport = Transport::udp;
    std::chrono::milliseconds limit{3'000};
    bool mixed_case = false;  // 0x20: the reply must repeat the random case of the question
    bool recursion_desired = false;
    bool checking_disabled = false;  // RFC 4035 3.2.2: what a validating resolver would refuse, too
};

// With a random id; replies from elsewhere, with another id or another question are passed
// over. Sent once: trying again is the caller's. A reply with TC set is returned as it is.
base::Task<Message> ask(boost::asio::ip::tcp::endpoint server, Query query);

// One message over TCP, and whatever message comes back. unavailable, timeout.
base::Task<base::Bytes> exchange(boost::asio::ip::tcp::endpoint server, base::Bytes wire,
                                 std::chrono::milliseconds limit);

}  // namespace dns
