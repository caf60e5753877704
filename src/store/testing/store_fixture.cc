#include "store/testing/store_fixture.h"

#include "store/postgres/postgres_driver.h"
#include "store/sqlite/sqlite_driver.h"

namespace store {

boost::asio::awaitable<void> together(std::vector<boost::asio::awaitable<void>> tasks)
{
    base::TaskGroup group(co_await boost::asio::this_coro::executor);
    for (auto& task : tasks) {
        group.spawn("test", std::move(task));
    }
    co_await group.join();
}

model::DomainName name(const std::string& text)
{
    return model::DomainName::parse(text).value();
}

model::Endpoint endpoint(const std::string& key, const std::vector<std::string>& names)
{
    model::Endpoint made;
    made.id = "ep_" + key;
    made.tenant = "default";
    made.vouched = true;
    made.label = key;
    made.upstream = "http://127.0.0.1:8080";
    for (const auto& each : names) {
        made.names.push_back(name(each));
    }
    made.created_at = test_start;
    made.status.since = test_start;
    made.required_records = model::required_records(
        made, {.domain = name("platform.test"), .challenge_zone = name("acme.platform.test")});
    return made;
}

model::Certificate certificate(const std::string& key, const std::string& endpoint)
{
    model::Certificate made;
    made.id = "crt_" + key;
    made.tenant = "default";
    made.endpoint = endpoint;
    made.identifiers = {key + ".example.com"};
    made.chain_pem = "-----BEGIN CERTIFICATE-----";
    made.created_at = test_start;
    return made;
}

model::Order order(const std::string& key, const std::string& endpoint)
{
    model::Order made;
    made.id = "ord_" + key;
    made.tenant = "default";
    made.endpoint = endpoint;
    made.account = "ca_default";
    made.identifiers = {key + ".example.com"};
    // Before the time of either engine.
    made.next_action_at = base::Time(std::chrono::milliseconds(1'000));
    made.created_at = made.next_action_at;
    return made;
}

Store::Operation Gate::operation()
{
    return [future = future_](Transaction&) -> base::Result<> {
        future.wait();
        return {};
    };
}

void StoreTest::SetUp()
{
    if (on_postgres()) {
        url = test::Postgres::shared().new_database();
    }
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message();
    store = std::move(*opened);
}

base::Result<std::unique_ptr<Store>> StoreTest::open()
{
    return on_postgres() ? open_postgres(url) : open_sqlite(folder.path() / "certwright.db", clock);
}

std::unique_ptr<sql::Driver> StoreTest::driver()
{
    return on_postgres() ? postgres::make_driver(url)
                         : sqlite::open_driver(folder.path() / "certwright.db", clock).value();
}

void StoreTest::insert(const model::Endpoint& endpoint)
{
    auto done = write([&](Transaction& tx) { return tx.endpoints.insert(endpoint); });
    ASSERT_TRUE(done) << done.error().message();
}

std::string engine_name(const testing::TestParamInfo<std::string>& info)
{
    return info.param;
}

}  // namespace store
