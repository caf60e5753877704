// IssuanceEngine: everything that issues certificates, put together over a store that a test gives.
#pragma once

#include "base/log.h"
#include "ca_address.h"
#include "diagnosis/status.h"
#include "fakes/fake_resolver.h"
#include "fakes/open_gates.h"
#include "fakes/sample_endpoint.h"
#include "faulty_http.h"
#include "issuance/enqueue.h"
#include "issuance/key_rotation.h"
#include "issuance/planner.h"
#include "issuance/revocation.h"
#include "issuance/runner.h"
#include "responder/store_responder.h"
#include "support/pebble.h"
#include "support/run.h"

#include <gtest/gtest.h>

namespace test {

namespace asio = boost::asio;

// The default group and the default tenant, as a first start makes them.
inline base::Result<> prepare_store(store::Transaction& tx)
{
    model::EdgeGroup group;
    if (tx.groups.get("default")) {
        return {};
    }
    group.name = "default";
    group.addresses = {"127.0.0.1"};
    CHECKED(tx.groups.put(group));
    model::Tenant tenant;
    tenant.id = "default";
    tenant.name = "default";
    return tx.tenants.put(tenant);
}

// What a test may add to the engine.
struct EngineExtras {
    std::string trust_file;    // instead of the CA's own; for several CAs
    Faults* faults = nullptr;  // of the network to the CAs
};

// `store`, the gates, the CA and the faults outlive it. Runs on its own loop.
class IssuanceEngine {
public:
    IssuanceEngine(store::Store& store, const Pebble& pebble, responder::RevisionGate* gate = nullptr,
                   model::Platform platform = sample_platform(), EngineExtras extras = {})
        : IssuanceEngine(store, CaAddress{pebble.directory_url(), pebble.trust_file()}, gate,
                         std::move(platform), std::move(extras))
    {
    }
    IssuanceEngine(store::Store& store, const CaAddress& ca, responder::RevisionGate* gate = nullptr,
                   model::Platform platform = sample_platform(), EngineExtras extras = {})
        : store_(store), platform_(std::move(platform)), sealer_(std::array<std::uint8_t, 32>{1, 2, 3})
    {
        http::ClientOptions trust;
        trust.user_agent = "certwright-test/1";
        trust.trust_file = extras.trust_file.empty() ? ca.trust_file : extras.trust_file;
        http_ = http::make_client(loop_.get_executor(), trust);
        if (extras.faults != nullptr) {
            http_ = std::make_unique<FaultyHttp>(std::move(http_), *extras.faults);
        }
        directory_ = ca.directory_url;
        auto connect = [this](const std::string& url, crypto::PrivateKey key) {
            return acme::make_client(*http_, clock_, url, std::move(key));
        };
        accounts_ = std::make_unique<issuance::Accounts>(store_, clock_, sealer_, connect);
        responder::RevisionGate& chosen = gate != nullptr ? *gate : gates_;
        responder_ = responder::make_responder(store_, clock_, chosen, gates_, responder::ResponderOptions{});
        diagnosis::WatchOptions watching;
        watching.cadence.first = std::chrono::milliseconds(200);
        watching.poll = std::chrono::milliseconds(50);
        watch_ = std::make_unique<diagnosis::Watch>(loop_.get_executor(), store_, resolver, clock_, needs_,
                                                    watching);
        issuance::JobOptions options;
        options.platform = platform_;
        options.first_retry = std::chrono::milliseconds(300);
        jobs_.reset(new issuance::JobContext{store_, clock_, sealer_, *accounts_, *responder_, *watch_,
                                             gates_, pool_, options});
        issuance::RunnerOptions running;
        running.node = "node";
        running.lease = std::chrono::seconds(1);
        running.poll = std::chrono::milliseconds(100);
        runner_ = std::make_unique<issuance::Runner>(loop_.get_executor(), *jobs_, running);
        needs_.on_wake([this] { runner_->wake(); });
        issuance::RevokerOptions revoking;
        revoking.poll = std::chrono::milliseconds(50);
        revoking.first_retry = std::chrono::milliseconds(100);
        revoker_ =
            std::make_unique<issuance::Revoker>(loop_.get_executor(), store_, clock_, *accounts_, revoking);
        issuance::RotationOptions rotating;
        rotating.node = "node";
        rotating.poll = std::chrono::milliseconds(50);
        rotating.step_poll = std::chrono::milliseconds(20);
        rotating.retry = std::chrono::milliseconds(100);
        rotations_ = std::make_unique<issuance::KeyRotations>(loop_.get_executor(), store_, clock_,
                                                              *accounts_, gates_, rotating);
    }

    ~IssuanceEngine() { run(loop_, background_.stop()); }

    void add(model::Endpoint endpoint)
    {
        endpoint.next_check_at = clock_.now();
        endpoint.created_at = clock_.now();
        auto insert = [endpoint](store::Transaction& tx) -> base::Result<> {
            return tx.endpoints.insert(endpoint);
        };
        const auto inserted = run(loop_, store_.write(insert));
        ASSERT_TRUE(inserted) << inserted.error().message();
    }

    // Both records of every name, as the customer makes them.
    void make_records(const model::Endpoint& endpoint)
    {
        for (const auto& record : endpoint.required_records) {
            resolver.set(record.name, dns::RecordType::cname, {record.value});
        }
    }

    // The account is made, then watch and runner work, and do so on in later calls, until `done` (asked
    // inside a read) says so; false when it takes longer.
    bool run_until(std::function<base::Result<bool>(store::Transaction&)> done,
                   std::chrono::seconds limit = std::chrono::seconds(30))
    {
        return run(loop_, work_until(std::move(done), limit), limit + std::chrono::seconds(10));
    }

    template <class F>
    auto read(F function)
    {
        auto result = run(loop_, store_.read(function));
        EXPECT_TRUE(result) << (result ? "" : result.error().message());
        return std::move(*result);
    }
    template <class F>
    void write(F function)
    {
        auto result = run(loop_, store_.write(function));
        EXPECT_TRUE(result) << (result ? "" : result.error().message());
    }

    const model::Platform& platform() const { return platform_; }
    base::Clock& clock() { return clock_; }
    asio::io_context& loop() { return loop_; }
    const crypto::Sealer& sealer() const { return sealer_; }
    issuance::Accounts& accounts() { return *accounts_; }
    issuance::Revoker& revoker() { return *revoker_; }
    issuance::KeyRotations& rotations() { return *rotations_; }
    const std::string& directory() const { return directory_; }
    issuance::Runner& runner() { return *runner_; }

    FakeResolver resolver;

private:
    asio::awaitable<bool> work_until(std::function<base::Result<bool>(store::Transaction&)> done,
                                     std::chrono::seconds limit)
    {
        auto prepare = [](store::Transaction& tx) { return prepare_store(tx); };
        const auto prepared = co_await store_.write(prepare);
        issuance::AccountSettings settings;
        settings.directory_url = directory_;
        const auto account = co_await accounts_->ensure_default(settings);
        if (!prepared || !account) {
            co_return false;
        }
        if (background_.size() == 0) {
            background_.spawn("watch", watch_->run());
            background_.spawn("runner", runner_->run());
            background_.spawn("revoker", revoker_->run());
            background_.spawn("rotations", rotations_->run());
        }
        const auto deadline = std::chrono::steady_clock::now() + limit;
        bool finished = false;
        while (!finished && std::chrono::steady_clock::now() < deadline) {
            co_await base::sleep_for(std::chrono::milliseconds(20));
            auto asked = co_await store_.read(done);
            finished = asked.has_value() && *asked;
        }
        co_return finished;
    }

    store::Store& store_;
    model::Platform platform_;
    asio::io_context loop_{1};
    asio::thread_pool pool_{1};
    base::SystemClock clock_;
    crypto::Sealer sealer_;
    test::OpenGates gates_;
    std::string directory_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<issuance::Accounts> accounts_;
    std::unique_ptr<responder::Responder> responder_;
    issuance::Needs needs_;
    std::unique_ptr<diagnosis::Watch> watch_;
    std::unique_ptr<issuance::JobContext> jobs_;
    std::unique_ptr<issuance::Runner> runner_;
    std::unique_ptr<issuance::Revoker> revoker_;
    std::unique_ptr<issuance::KeyRotations> rotations_;
    base::TaskGroup background_{loop_.get_executor()};
};

inline base::Result<bool> is_active(store::Transaction& tx, const std::string& endpoint)
{
    TRY(found, tx.endpoints.get(endpoint));
    TRY(unfinished, tx.orders.unfinished_of(endpoint));
    return found.status.state == model::EndpointState::active && !unfinished;
}

}  // namespace test
