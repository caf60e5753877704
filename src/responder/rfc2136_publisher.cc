#include "dns/rdata.h"
#include "responder/publisher.h"

#include <fmt/format.h>

namespace responder {

namespace {

class Rfc2136Publisher final : public Publisher {
public:
    Rfc2136Publisher(base::Clock& clock, Rfc2136Options options) : clock_(clock), options_(std::move(options))
    {
    }

    base::Task<> add(std::string owner, std::string value) override
    {
        co_return co_await change(std::move(owner), std::move(value), true);
    }

    base::Task<> remove(std::string owner, std::string value) override
    {
        co_return co_await change(std::move(owner), std::move(value), false);
    }

private:
    base::Task<> change(std::string owner, std::string value, bool add)
    {
        CO_TRY(name, dns::Name::parse(owner));
        CO_TRY(data, dns::parse_data(dns::RecordType::txt, fmt::format("\"{}\"", value)));
        CO_TRY(zone, co_await dns::find_zone(options_.update.server, name, options_.update.limit));
        std::vector<dns::Record> changes;
        changes.push_back(add ? dns::added(name, dns::RecordType::txt, options_.ttl, std::move(data))
                              : dns::removed(name, dns::RecordType::txt, std::move(data)));
        auto update = dns::make_update(zone, std::move(changes));
        co_return co_await dns::send_update(options_.update, std::move(update), clock_.now());
    }

    base::Clock& clock_;
    const Rfc2136Options options_;
};

}  // namespace

std::unique_ptr<Publisher> make_rfc2136_publisher(base::Clock& clock, Rfc2136Options options)
{
    return std::make_unique<Rfc2136Publisher>(clock, std::move(options));
}

}  // namespace responder
