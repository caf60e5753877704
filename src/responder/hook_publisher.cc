#include "base/command.h"
#include "base/log.h"
#include "responder/publisher.h"

#include <fmt/format.h>

namespace responder {

namespace {

class HookPublisher final : public Publisher {
public:
    explicit HookPublisher(HookOptions options) : options_(std::move(options)) {}
    ~HookPublisher() override { pool_.join(); }

    base::Task<> add(std::string owner, std::string value) override
    {
        co_return co_await call("present", std::move(owner), std::move(value));
    }

    base::Task<> remove(std::string owner, std::string value) override
    {
        co_return co_await call("cleanup", std::move(owner), std::move(value));
    }

private:
    base::Task<> call(std::string verb, std::string owner, std::string value)
    {
        base::Command command;
        command.words = options_.command;
        command.words.insert(command.words.end(), {verb, owner + ".", value});
        command.limit = options_.limit;
        auto run = [command] { return base::run_command(command); };
        CO_TRY(outcome, co_await base::blocking(pool_, std::move(run)));
        if (outcome.status == 0) {
            co_return base::Result<>();
        }
        base::log::warning("dns01_hook_failed", {{"verb", verb},
                                                 {"owner", owner},
                                                 {"status", outcome.status},
                                                 {"output", outcome.output.substr(0, 500)}});
        co_return base::fail(
            base::Error(base::Errc::unavailable,
                        fmt::format("the hook {} ended with status {} at {} {}", options_.command.front(),
                                    outcome.status, verb, owner))
                .with_code("dns01_hook_failed")
                .with_fix("See what the hook wrote, in certwright's log, and run it by hand."));
    }

    const HookOptions options_;
    boost::asio::thread_pool pool_{2};
};

}  // namespace

std::unique_ptr<Publisher> make_hook_publisher(HookOptions options)
{
    return std::make_unique<HookPublisher>(std::move(options));
}

}  // namespace responder
