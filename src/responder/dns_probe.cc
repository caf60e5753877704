#include "responder/dns_probe.h"

#include "dns/ask.h"

#include <algorithm>

namespace responder {

namespace {

class DnsProbe final : public TxtProbe {
public:
    explicit DnsProbe(std::chrono::milliseconds limit) : limit_(limit) {}

    base::Task<bool> has_value(net::Endpoint server, Transport transport, std::string owner,
                               std::string value) override
    {
        CO_TRY(name, dns::Name::parse(owner));
        dns::Query query;
        query.name = name;
        query.type = dns::RecordType::txt;
        query.transport = transport == Transport::udp ? dns::Transport::udp : dns::Transport::tcp;
        query.limit = limit_;
        CO_TRY(reply, co_await dns::ask(server, std::move(query)));
        const auto values = reply.answers_of(dns::RecordType::txt);
        co_return std::ranges::find(values, value) != values.end() || reply.truncated;
    }

private:
    const std::chrono::milliseconds limit_;
};

}  // namespace

std::unique_ptr<TxtProbe> make_dns_probe(std::chrono::milliseconds limit)
{
    return std::make_unique<DnsProbe>(limit);
}

}  // namespace responder
