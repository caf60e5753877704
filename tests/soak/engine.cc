#include "soak/engine.h"

#include "issuance/limit_report.h"
#include "support/run.h"

#include <stdexcept>

namespace soak {

namespace asio = boost::asio;

namespace {

// In real time: more than the slowest step takes on a loaded machine.
constexpr std::chrono::seconds settle_limit{60};

// Of one job or check. The store and the pool answer much sooner.
constexpr std::chrono::seconds answer_limit{20};

// With so many jobs at work some tenant's share of them may be used up, and its orders wait though they are
// due.
constexpr std::size_t full_share(std::size_t in_flight)
{
    return in_flight - in_flight / 4;
}

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
    planning.poll = options.step * 3 / 4;
    planner_ = std::make_unique<issuance::Planner>(store_, clock_, planning, [this] { runner_->wake(); });
    issuance::AdvicePollerOptions asking;
    asking.interval = std::chrono::milliseconds(0);  // the pace of requests is enough
    asking.idle = options.step * 3 / 4;
    asking.at_once = 8;
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

// First those whom the clock has woken, then what has become due meanwhile.
bool Engine::settle()
{
    const auto deadline = std::chrono::steady_clock::now() + settle_limit;
    turn();
    while (anything_due()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        runner_->wake();
        watch_->wake();
        turn();
        if (runner_->in_flight() >= full_share(in_flight)) {
            break;  // What is still due waits for those who wait for the clock.
        }
    }
    return true;
}

std::size_t Engine::run_next()
{
    const auto ran = loop_.run_one_for(answer_limit);
    if (ran == 0) {
        throw std::runtime_error("the store or the pool does not answer");
    }
    return ran;
}

std::size_t Engine::drain()
{
    std::size_t ran = loop_.poll();
    while (store_.waiting() > 0) {
        ran += run_next();
        ran += loop_.poll();
    }
    return ran;
}

// What was given to the pool before is home after it: the pool has one thread.
std::size_t Engine::pass_through_pool()
{
    const auto home = std::make_shared<bool>(false);
    asio::post(pool_, [this, home] { asio::post(loop_, [home] { *home = true; }); });
    std::size_t ran = 0;
    while (!*home) {
        ran += run_next();
    }
    return ran - 1;
}

// Only jobs use the pool.
void Engine::turn()
{
    loop_.restart();
    drain();
    bool moved = runner_->in_flight() > 0;
    while (moved) {
        const auto meanwhile = pass_through_pool();
        moved = meanwhile + drain() > 0;
    }
}

}  // namespace soak
