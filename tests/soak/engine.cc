#include "soak/engine.h"

#include "issuance/limit_report.h"
#include "support/run.h"

namespace soak {

namespace asio = boost::asio;

namespace {

// In real time: more than the slowest step takes on a loaded machine.
constexpr std::chrono::seconds settle_limit{60};
constexpr std::chrono::microseconds silence{300};

base::Result<> prepare(store::Transaction& tx)
{
    model::EdgeGroup group;
    group.name = "default";
    group.addresses = {"192.0.2.1"};
    CHECKED(tx.groups.put(group));
    for (const std::string id : {"default", "busy"}) {
        model::Tenant tenant;
        tenant.id = id;
        tenant.name = id;
        CHECKED(tx.tenants.put(tenant));
    }
    return {};
}

}  // namespace

Engine::Engine(store::Store& store, VirtualClock& clock, SimulatedDns& dns, ModelCa& ca,
               const model::Platform& platform, const EngineOptions& options)
    : store_(store), clock_(clock), options_(options), sealer_(std::array<std::uint8_t, 32>{1, 2, 3})
{
    const auto executor = loop_.get_executor();
    auto connect = [&ca](const std::string&, crypto::PrivateKey key) { return ca.connect(std::move(key)); };
    accounts_ = std::make_unique<issuance::Accounts>(store_, clock_, sealer_, connect);
    responder_ = responder::make_responder(store_, clock_, gates_, gates_, responder::ResponderOptions{});
    diagnosis::WatchOptions watching;
    watching.cadence.longest = options.longest_check;
    watch_ = std::make_unique<diagnosis::Watch>(executor, store_, dns, clock_, needs_, watching);
    issuance::JobOptions job;
    job.platform = platform;
    jobs_.reset(new issuance::JobContext{store_, clock_, sealer_, *accounts_, *responder_, *watch_, gates_,
                                         pool_, job});
    issuance::RunnerOptions running;
    running.node = "soak";
    running.in_flight = in_flight;
    // A job that waits for the clock keeps its lease over any step; leases are kept alive in real time.
    running.lease = std::chrono::hours(48);
    runner_ = std::make_unique<issuance::Runner>(executor, *jobs_, running);
    needs_.on_wake([this] { runner_->wake(); });
    issuance::PlannerOptions planning;
    planning.platform = platform;
    planning.poll = options.step;
    planner_ = std::make_unique<issuance::Planner>(store_, clock_, planning, [this] { runner_->wake(); });
    issuance::AdvicePollerOptions asking;
    asking.interval = std::chrono::milliseconds(0);  // the pace of requests is enough
    asking.idle = options.step;
    asking.at_once = pollers;
    poller_ = std::make_unique<issuance::AdvicePoller>(executor, store_, clock_, *accounts_, asking);
}

Engine::~Engine()
{
    test::run(loop_, background_.stop());
    pool_.join();
}

base::Result<> Engine::start()
{
    CHECKED(test::run(loop_, store_.write(prepare)));
    issuance::AccountSettings settings;
    settings.directory_url = directory_url;
    CHECKED(test::run(loop_, accounts_->ensure_default(settings)));
    auto agree = [limit = options_.orders_in_three_hours,
                  now = clock_.now()](store::Transaction& tx) -> base::Result<> {
        TRY(account, tx.accounts.default_account());
        const issuance::Limit agreed{issuance::LimitKind::new_orders, static_cast<double>(limit),
                                     std::chrono::hours(3)};
        return issuance::set_override(tx, account, agreed, "", now);
    };
    CHECKED(test::run(loop_, store_.write(std::move(agree))));
    background_.spawn("watch", watch_->run());
    background_.spawn("runner", runner_->run());
    background_.spawn("planner", planner_->run());
    background_.spawn("advice", poller_->run());
    return {};
}

base::Result<> Engine::add(const std::vector<model::Endpoint>& endpoints)
{
    auto insert = [endpoints, now = clock_.now()](store::Transaction& tx) -> base::Result<> {
        for (auto endpoint : endpoints) {
            endpoint.next_check_at = now;
            CHECKED(tx.endpoints.insert(endpoint));
        }
        return {};
    };
    return test::run(loop_, store_.write(std::move(insert)));
}

bool Engine::anything_due()
{
    if (runner_->in_flight() >= in_flight) {
        return false;  // They wait for the clock, and others for them.
    }
    auto look = [now = clock_.now()](store::Transaction& tx) -> base::Result<bool> {
        TRY(order, tx.orders.next_due());
        if (order && *order <= now) {
            return true;
        }
        TRY(checks, tx.endpoints.due_checks(now, 1));
        return !checks.empty();
    };
    return test::run(loop_, store_.read(std::move(look))).value_or(false);
}

bool Engine::settle()
{
    const auto deadline = std::chrono::steady_clock::now() + settle_limit;
    while (std::chrono::steady_clock::now() < deadline) {
        runner_->wake();
        watch_->wake();
        turn();
        if (!anything_due()) {
            return true;
        }
    }
    return false;
}

// Until every task waits for the clock, and for a moment no answer comes from the store or the pool.
void Engine::turn()
{
    loop_.restart();
    while (loop_.poll() > 0 || !at_rest() || loop_.run_one_for(silence) > 0) {
        if (!at_rest()) {
            loop_.run_one_for(silence);
        }
    }
}

}  // namespace soak
