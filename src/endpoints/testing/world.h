// A service on a real SQLite store, with recording stand-ins for diagnosis and issuance. For tests only.
#pragma once

#include "base/random.h"
#include "endpoints/service.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace endpoints::testing {

class RecordingChecks final : public Checks {
public:
    base::Task<> check_now(std::string endpoint) override
    {
        checked.push_back(endpoint);
        co_return base::Result<>();
    }
    // Notes whether an own certificate is live, as the real one does.
    base::Result<> refresh_status(store::Transaction& tx, const std::string& endpoint, base::Time) override
    {
        TRY(stored, tx.endpoints.get(endpoint));
        TRY(live, tx.certificates.of_endpoint(endpoint));
        stored.status.serving = !live.empty();
        return tx.endpoints.update(stored);
    }

    std::vector<std::string> checked;
};

class RecordingIssuance final : public Issuance {
public:
    base::Result<model::Order> enqueue(store::Transaction& tx, const model::Endpoint& endpoint,
                                       const std::optional<model::Certificate>& replaced,
                                       base::Time now) override
    {
        model::Order order;
        order.id = base::new_id("ord");
        order.tenant = endpoint.tenant;
        order.endpoint = endpoint.id;
        order.identifiers = {endpoint.name().text()};
        order.replaces = replaced ? replaced->id : "";
        order.forced = true;
        order.next_action_at = now;
        order.created_at = now;
        order.updated_at = now;
        CHECKED(tx.orders.insert(order));
        return order;
    }
    base::Result<std::optional<model::Order>> enqueue_first(store::Transaction& tx,
                                                            const model::Endpoint& endpoint,
                                                            base::Time now) override
    {
        TRY(order, enqueue(tx, endpoint, std::nullopt, now));
        return std::optional<model::Order>(std::move(order));
    }
    base::Result<bool> hasten(store::Transaction&, const model::Endpoint& endpoint, base::Time) override
    {
        hastened.push_back(endpoint.id);
        return false;
    }
    base::Result<> request_revocation(store::Transaction& tx, const model::Certificate& certificate,
                                      int reason, base::Time now) override
    {
        auto stored = certificate;
        stored.state = model::CertificateState::revoked;
        CHECKED(tx.certificates.update(stored));
        model::Revocation revocation;
        revocation.certificate = certificate.id;
        revocation.endpoint = certificate.endpoint;
        revocation.reason = reason;
        revocation.requested_at = now;
        revocation.next_action_at = now;
        return tx.revocations.put(revocation);
    }
    base::Result<std::optional<model::Order>> replace_revoked(store::Transaction& tx,
                                                              const model::Certificate& certificate,
                                                              base::Time now) override
    {
        TRY(endpoint, tx.endpoints.get(certificate.endpoint));
        TRY(order, enqueue(tx, endpoint, certificate, now));
        return std::optional<model::Order>(order);
    }
    void wake() override { ++wakes; }

    int wakes = 0;
    std::vector<std::string> hastened;
};

inline model::Platform test_platform()
{
    model::Platform platform;
    platform.domain = *model::DomainName::parse("platform.test");
    platform.challenge_zone = *model::DomainName::parse("acme.platform.test");
    return platform;
}

inline Options test_options()
{
    Options options;
    options.platform = test_platform();
    return options;
}

class World {
public:
    // On SQLite, or in the PostgreSQL database of that URL.
    explicit World(Options options = test_options(), const std::string& postgres = "")
        : store(open(folder, clock, postgres)),
          service(*store, clock, sealer, checks, issuance, std::move(options))
    {
        add_tenant("default");
        add_tenant("acme");
        add_tenant("globex");
        add_tenant("globex2");
    }

    template <class T>
    T run(boost::asio::awaitable<T> task)
    {
        return test::run(loop, std::move(task));
    }
    template <class F>
    auto read(F function)
    {
        return run(store->read(std::move(function)));
    }
    template <class F>
    auto write(F function)
    {
        return run(store->write(std::move(function)));
    }

    base::Result<Outcome> add(const std::string& tenant, const std::string& name,
                              const std::string& upstream = "http://app.example.net:8080")
    {
        NewEndpoint wanted;
        wanted.names = {name};
        wanted.upstream = upstream;
        return run(service.create(Caller{tenant}, wanted));
    }

    // As if it were proved; false when another one holds the name.
    bool hold(const model::Endpoint& endpoint)
    {
        return write([&](store::Transaction& tx) { return tx.names.hold(endpoint.id, endpoint.name()); })
            .value();
    }

    boost::asio::io_context loop{1};
    test::TempDir folder;
    base::ManualClock clock{base::Time(std::chrono::milliseconds(1'800'000'000'000))};
    crypto::Sealer sealer{std::array<std::uint8_t, 32>{7}};
    RecordingChecks checks;
    RecordingIssuance issuance;
    std::unique_ptr<store::Store> store;
    Service service;

private:
    static std::unique_ptr<store::Store> open(const test::TempDir& folder, base::Clock& clock,
                                              const std::string& postgres)
    {
        auto opened = postgres.empty() ? store::open_sqlite(folder.path() / "test.db", clock)
                                       : store::open_postgres(postgres);
        if (!opened) {
            throw std::runtime_error(opened.error().message());
        }
        return std::move(*opened);
    }
    void add_tenant(const std::string& id)
    {
        model::Tenant tenant;
        tenant.id = id;
        tenant.name = id;
        if (!write([tenant](store::Transaction& tx) { return tx.tenants.put(tenant); })) {
            throw std::runtime_error("no tenant");
        }
    }
};

inline std::string code_of(const base::Result<Outcome>& result)
{
    return result ? "none" : result.error().code();
}

}  // namespace endpoints::testing
