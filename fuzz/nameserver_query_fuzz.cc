// Any octets as a question: the reply must be a whole message within its limit that belongs to the question.
#include "dns/message.h"
#include "nameserver/answer.h"
#include "nameserver/sample_zone.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

class StandingClock final : public base::Clock {
public:
    base::Time now() const override { return nameserver::sample::now; }
    boost::asio::awaitable<void> sleep_until(base::Time) override { co_return; }
};

void check(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void exchange(const nameserver::ZoneData& data, base::ByteView query, dns::Transport transport)
{
    static const StandingClock clock;
    static base::Bytes buffer(65'535);
    const std::span<std::uint8_t> space = transport == dns::Transport::udp
                                              ? std::span(buffer).first(nameserver::largest_udp)
                                              : std::span(buffer);
    const auto reply = nameserver::answer(data, clock, query, transport, space);
    if (reply.size == 0) {
        return;
    }
    const auto message = dns::Message::parse(space.first(reply.size));
    check(message.has_value() && message->response && query[0] == space[0] && query[1] == space[1]);
    const auto limited = nameserver::answer_truncated(query, space);
    check(limited.size <= query.size() + dns::Name::longest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static nameserver::ZoneData* const zones = [] {
        auto* const made = new nameserver::ZoneData;
        made->apply(nameserver::sample::batch(nameserver::sample::platform()));
        return made;
    }();
    exchange(*zones, {data, size}, dns::Transport::udp);
    exchange(*zones, {data, size}, dns::Transport::tcp);
    return 0;
}
