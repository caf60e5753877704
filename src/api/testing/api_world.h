// The API on a real server and a real store, asked by a real client. For tests only.
#pragma once

#include "api/api.h"
#include "endpoints/testing/world.h"
#include "http/client.h"
#include "http/testing/http1_server.h"

#include <boost/json.hpp>

#include <stdexcept>
#include <string>

namespace api::testing {

class FixedFacts final : public NodeFacts {
public:
    std::string version() const override { return "1.2.3"; }
    std::vector<ZoneCheck> zones() const override
    {
        ZoneCheck check;
        check.zone = "platform.test";
        check.message = "no NS records at the parent";
        check.fix = "Create the records at the registrar.";
        check.records = {"platform.test NS ns1.platform.test"};
        return {check};
    }
    base::Task<ZoneReport> check_zone(model::Zone zone) override
    {
        ZoneReport report;
        report.zone = zone.apex;
        report.delegation = {{zone.apex + " NS ns1.platform.test", "missing", "create it"}};
        report.servers = {{"ns1.platform.test", "192.0.2.53", "udp", 7, true, ""}};
        co_return report;
    }
    base::Task<EdgeCount> edges_with(std::string, model::Position) override { co_return edges; }
    std::chrono::milliseconds edges_lost_after() const override { return std::chrono::seconds(90); }
    std::string feed_root() const override { return root; }
    std::string metrics() const override { return "# TYPE certwright_extra gauge\ncertwright_extra 1\n"; }

    EdgeCount edges;
    std::string root;
};

// Accounts as rows, without a CA.
class RecordingRegistry final : public CaRegistry {
public:
    explicit RecordingRegistry(store::Store& store) : store_(store) {}

    base::Task<model::CaAccount> find(std::string account) override
    {
        auto read = [account](store::Transaction& tx) { return tx.accounts.get(account); };
        co_return co_await store_.read(read);
    }
    base::Task<model::CaAccount> add(NewCaAccount wanted) override
    {
        if (refuse) {
            co_return base::fail(base::Errc::internal, "the secret reason");
        }
        model::CaAccount account;
        account.id = "ca_1";
        account.name = wanted.name;
        account.directory_url = wanted.directory;
        account.sealed_key = {1, 2, 3};
        account.fallback = wanted.settings.fallback.value_or(0);
        auto put = [account](store::Transaction& tx) { return tx.accounts.put(account); };
        CO_CHECKED(co_await store_.write(put));
        co_return account;
    }
    base::Task<model::CaAccount> change(std::string account, CaAccountChange wanted) override
    {
        changed = std::move(wanted);
        co_return co_await find(std::move(account));
    }
    base::Task<model::CaAccount> register_again(std::string account) override { return find(account); }
    base::Task<model::CaAccount> rotate_key(std::string account) override { return find(account); }
    base::Task<model::CaAccount> deactivate(std::string account) override { return find(account); }
    base::Task<Promotion> promote(std::string account) override
    {
        CO_TRY(found, co_await find(std::move(account)));
        co_return Promotion{found, 2, 5};
    }
    bool refuse = false;
    CaAccountChange changed;

private:
    store::Store& store_;
};

struct Answered {
    int status = 0;
    boost::json::value body;
    std::string text;
    http::Headers headers;

    std::string code() const
    {
        return body.is_object() && body.as_object().contains("code")
                   ? std::string(body.at("code").as_string())
                   : std::string();
    }
};

class ApiWorld {
public:
    // On SQLite, or in the PostgreSQL database of that URL.
    explicit ApiWorld(const std::string& postgres = "") : world(endpoints::testing::test_options(), postgres)
    {
        api.add_routes(router);
        server = std::make_unique<test::Http1Server>(world.loop, router);
        client = http::make_client(world.loop.get_executor(), http::ClientOptions());
        operator_token = token("", {"admin"});
        acme_token = token("acme", {"write"});
        globex_token = token("globex", {"write"});
    }

    std::string token(const std::string& tenant, std::vector<std::string> scopes)
    {
        auto minted = mint_token("test", tenant, std::move(scopes), world.clock.now());
        if (!world.write([row = minted.row](store::Transaction& tx) { return tx.tokens.put(row); })) {
            throw std::runtime_error("no token");
        }
        return minted.secret;
    }

    // A request with a body of that text; `bearer` may be empty.
    http::ClientResponse send(const std::string& bearer, const std::string& method, const std::string& path,
                              const std::string& body = "", const std::string& type = "application/json")
    {
        http::ClientRequest request(method, "http://127.0.0.1:" + std::to_string(server->port()) + path);
        if (!bearer.empty()) {
            request.headers.add("Authorization", "Bearer " + bearer);
        }
        if (!body.empty()) {
            request.headers.add("Content-Type", type);
        }
        request.body = body;
        auto response = world.run(client->send(std::move(request)));
        if (!response) {
            throw std::runtime_error(response.error().message());
        }
        return std::move(*response);
    }
    Answered ask(const std::string& bearer, const std::string& method, const std::string& path,
                 const std::string& body = "", const std::string& type = "application/json")
    {
        auto response = send(bearer, method, path, body, type);
        Answered answered;
        answered.status = response.status;
        answered.text = std::move(response.body);
        answered.headers = std::move(response.headers);
        boost::system::error_code ignored;
        answered.body = boost::json::parse(answered.text, ignored);
        return answered;
    }
    Answered add(const std::string& bearer, const std::string& name)
    {
        return ask(bearer, "POST", "/v1/endpoints",
                   R"({"name":")" + name + R"(","upstream":"http://app.example.net"})");
    }

    endpoints::testing::World world;
    FixedFacts facts;
    RecordingRegistry registry{*world.store};
    alerts::Options alert_options;
    endpoints::UpstreamPolicy addresses;
    alerts::Service alerts{*world.store, world.clock, world.sealer, addresses, alert_options};
    Api api{world.loop.get_executor(),
            Parts{*world.store, world.service, world.clock, registry, facts, alerts}};
    http::Router router;
    std::unique_ptr<test::Http1Server> server;
    std::unique_ptr<http::Client> client;
    std::string operator_token;
    std::string acme_token;
    std::string globex_token;
};

}  // namespace api::testing
