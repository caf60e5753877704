#include "alerts/carrier.h"
#include "base/command.h"

#include <fmt/format.h>

namespace alerts {

namespace {

constexpr std::size_t shown_output = 200;

class ExecCarrier final : public Carrier {
public:
    ExecCarrier(boost::asio::thread_pool& pool, const Options& options) : pool_(pool), options_(options) {}

    base::Task<> carry(model::Channel channel, model::Delivery delivery) override
    {
        // The command comes from this node's configuration alone; the row only has its name.
        const auto known = options_.commands.find(channel.target);
        if (known == options_.commands.end()) {
            co_return base::fail(
                base::Error(base::Errc::not_found,
                            fmt::format("alerts.exec has no command '{}' on this node", channel.target))
                    .with_code("command_not_configured")
                    .with_fix("Give every control node the same alerts.exec."));
        }
        base::Command command;
        command.words = known->second;
        command.input = delivery.document;
        command.environment = {"CERTWRIGHT_ID=" + delivery.id, "CERTWRIGHT_TYPE=" + delivery.type};
        command.limit = options_.command_limit;
        auto run = [command = std::move(command)] { return base::run_command(command); };
        CO_TRY(outcome, co_await base::blocking(pool_, std::move(run)));
        if (outcome.status != 0) {
            co_return base::fail(
                base::Error(base::Errc::unavailable,
                            fmt::format("{} ended with status {}: {}", known->second.front(), outcome.status,
                                        outcome.output.substr(0, shown_output)))
                    .with_code("command_failed"));
        }
        co_return base::Result<>();
    }

private:
    boost::asio::thread_pool& pool_;
    const Options& options_;
};

}  // namespace

std::unique_ptr<Carrier> make_exec_carrier(boost::asio::thread_pool& pool, const Options& options)
{
    return std::make_unique<ExecCarrier>(pool, options);
}

}  // namespace alerts
