// An engine on a real store, with carriers that keep what they carry. For tests only.
#pragma once

#include "alerts/engine.h"
#include "alerts/notices.h"
#include "alerts/service.h"
#include "base/random.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <boost/json.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace alerts::testing {

constexpr auto start_time = base::Time(std::chrono::milliseconds(1'800'000'000'000));

class FixedPlatform final : public PlatformView {
public:
    std::vector<ZoneState> zones() const override { return states; }
    std::vector<ZoneState> states;
};

// Stands for the world outside: an address that mails, calls and commands all end at.
class RecordingMail final : public http::MailSender {
public:
    base::Task<> send(http::Mail mail) override
    {
        if (failing) {
            co_return base::fail(base::Errc::unavailable, "the mail server is down");
        }
        mails.push_back(std::move(mail));
        co_return base::Result<>();
    }
    bool failing = false;
    std::vector<http::Mail> mails;
};

class RecordingWeb final : public http::Client {
public:
    base::Task<http::ClientResponse> send(http::ClientRequest request) override
    {
        requests.push_back(std::move(request));
        if (before_answer) {
            CO_CHECKED(co_await before_answer());
        }
        http::ClientResponse response;
        response.status = status;
        co_return response;
    }
    int status = 204;
    std::function<base::Task<>()> before_answer;
    std::vector<http::ClientRequest> requests;
};

inline Options test_options()
{
    Options options;
    options.node = "node_1";
    options.domain = "platform.test";
    return options;
}

class World {
public:
    explicit World(const std::string& postgres = "", base::Time start = start_time)
        : clock(start),
          store(postgres.empty() ? store::open_sqlite(folder.path() / "test.db", clock).value()
                                 : store::open_postgres(postgres).value())
    {
        must([](store::Transaction& tx) {
            model::Tenant tenant;
            tenant.id = "acme";
            tenant.name = "Acme";
            return tx.tenants.put(tenant);
        });
    }
    ~World() { test::run(loop, engine.courier().stop()); }

    template <class F>
    auto read(F function)
    {
        return test::run(loop, store->read(std::move(function)));
    }
    template <class F>
    auto write(F function)
    {
        return test::run(loop, store->write(std::move(function)));
    }
    template <class F>
    void must(F function)
    {
        const auto done = write(std::move(function));
        if (!done) {
            throw std::runtime_error(done.error().message());
        }
    }

    // Rounds until everything due has been carried.
    void settle()
    {
        for (int i = 0; i < 4; ++i) {
            const auto done = test::run(loop, engine.round());
            if (!done || !*done) {
                throw std::runtime_error(done ? "no lease" : done.error().message());
            }
            test::run(loop, engine.courier().join());
        }
    }
    void pass(std::chrono::milliseconds time)
    {
        clock.advance(time);
        settle();
    }

    // An active endpoint with a certificate of 90 days, `age` of which are over.
    model::Endpoint add_endpoint(const std::string& name, std::chrono::hours age = std::chrono::hours(24),
                                 const std::string& tenant = "acme")
    {
        model::Endpoint endpoint;
        endpoint.id = base::new_id("ep");
        endpoint.tenant = tenant;
        endpoint.names = {*model::DomainName::parse(name)};
        endpoint.label = base::random_label(12);
        endpoint.required_records = model::required_records(
            endpoint,
            {*model::DomainName::parse("platform.test"), *model::DomainName::parse("acme.platform.test")});
        endpoint.status.state = model::EndpointState::active;
        endpoint.status.serving = true;
        endpoint.created_at = clock.now();
        model::Certificate certificate;
        certificate.id = base::new_id("crt");
        certificate.tenant = tenant;
        certificate.endpoint = endpoint.id;
        certificate.identifiers = {endpoint.name().text()};
        certificate.not_before = clock.now() - age;
        certificate.not_after = certificate.not_before + std::chrono::days(90);
        certificate.created_at = clock.now();
        must([endpoint, certificate](store::Transaction& tx) -> base::Result<> {
            CHECKED(tx.endpoints.insert(endpoint));
            return tx.certificates.insert(certificate);
        });
        event(endpoint, "certificate.issued");
        return endpoint;
    }
    void event(const model::Endpoint& endpoint, const std::string& type)
    {
        model::Event event;
        event.tenant = endpoint.tenant;
        event.subject = endpoint.id;
        event.type = type;
        event.message = "It happened.";
        event.data["name"] = endpoint.name().text();
        event.created_at = clock.now();
        must([event](store::Transaction& tx) { return tx.events.append(event); });
    }
    // The renewal of `endpoint` has failed for that reason.
    void fail_renewal(const model::Endpoint& endpoint, const model::Problem& problem, int attempt = 3)
    {
        model::Order order;
        order.id = "ord_" + endpoint.id;
        order.tenant = endpoint.tenant;
        order.endpoint = endpoint.id;
        order.account = "ca_1";
        order.identifiers = {endpoint.name().text()};
        order.attempt = attempt;
        order.problem = problem;
        order.next_action_at = base::from_millis(1'000);  // before the time of either engine
        order.created_at = clock.now();
        must([order](store::Transaction& tx) { return tx.orders.insert(order); });
        event(endpoint, "certificate.renewal.failed");
    }
    // It has succeeded at last.
    void renew(const model::Endpoint& endpoint)
    {
        must([endpoint, now = clock.now()](store::Transaction& tx) -> base::Result<> {
            TRY(order, tx.orders.get("ord_" + endpoint.id));
            order.status = model::OrderStatus::deployed;
            CHECKED(tx.orders.save(order));
            model::Certificate certificate;
            certificate.id = base::new_id("crt");
            certificate.tenant = endpoint.tenant;
            certificate.endpoint = endpoint.id;
            certificate.identifiers = {endpoint.name().text()};
            certificate.not_before = now;
            certificate.not_after = now + std::chrono::days(90);
            certificate.created_at = now;
            return tx.certificates.insert(certificate);
        });
        event(endpoint, "certificate.renewed");
    }

    model::Channel add_channel(model::ChannelKind kind, const std::string& target,
                               const std::string& tenant = "",
                               model::Audience audience = model::Audience::operators,
                               std::vector<std::string> events = {"alert.*"})
    {
        model::Channel channel;
        channel.id = base::new_id("chn");
        channel.tenant = tenant;
        channel.name = target;
        channel.kind = kind;
        channel.target = target;
        channel.audience = audience;
        channel.events = std::move(events);
        channel.created_at = clock.now();
        channel.sealed_secret =
            kind == model::ChannelKind::email
                ? base::Bytes()
                : sealer.seal(base::as_bytes("whsec_c2VjcmV0"), model::channel_context(channel));
        must([channel](store::Transaction& tx) { return tx.channels.put(channel); });
        return channel;
    }
    model::Channel channel(const std::string& id)
    {
        return read([id](store::Transaction& tx) { return tx.channels.get(id); }).value();
    }
    std::vector<model::Alert> open_alerts()
    {
        return read([](store::Transaction& tx) { return tx.alerts.list({}); }).value().items;
    }
    // The subjects of the mails to an address so far, in their order.
    std::vector<std::string> subjects_to(const std::string& address) const
    {
        std::vector<std::string> found;
        for (const auto& each : mail.mails) {
            if (each.to == address) {
                const auto from = each.message.find("Subject: ") + 9;
                auto subject = each.message.substr(from, each.message.find("\r\nMessage-ID") - from);
                for (auto at = subject.find("\r\n"); at != std::string::npos; at = subject.find("\r\n")) {
                    subject.erase(at, 2);
                }
                found.push_back(subject);
            }
        }
        return found;
    }

    boost::asio::io_context loop{1};
    test::TempDir folder;
    base::ManualClock clock;
    crypto::Sealer sealer{std::array<std::uint8_t, 32>{7}};
    std::unique_ptr<store::Store> store;
    Options options = test_options();
    FixedPlatform platform;
    RecordingMail mail;
    RecordingWeb operators_web;
    RecordingWeb tenants_web;
    boost::asio::thread_pool pool{1};
    Carriers carriers{{&mail, operators_web, tenants_web, pool}, sealer, clock, options};
    Engine engine{loop.get_executor(), *store, clock, platform, carriers, options};
};

inline const model::Problem customer_problem{.code = "delegation_missing",
                                             .message = "The record is not there yet.",
                                             .actor = model::Actor::customer,
                                             .fix = "Create the record."};
inline const model::Problem platform_problem{.code = "http_unreachable",
                                             .message = "Port 80 is closed.",
                                             .actor = model::Actor::platform,
                                             .fix = "Open TCP port 80."};

}  // namespace alerts::testing
