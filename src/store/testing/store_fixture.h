// StoreTest: each test of the store's contract runs on both engines. For tests of store/ only.
#pragma once

#include "base/task_group.h"
#include "store/sql/connection.h"
#include "store/store.h"
#include "support/postgres.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace store {

constexpr base::Time test_start = base::Time(std::chrono::milliseconds(1'800'000'000'000));

// Runs tasks side by side until all have ended.
boost::asio::awaitable<void> together(std::vector<boost::asio::awaitable<void>> tasks);

model::DomainName name(const std::string& text);
// A live endpoint with the id "ep_<key>", the label "<key>" and the records of the platform platform.test.
model::Endpoint endpoint(const std::string& key, const std::vector<std::string>& names);
model::Certificate certificate(const std::string& key, const std::string& endpoint);
model::Order order(const std::string& key, const std::string& endpoint);

// Holds up the thread that runs an operation, so that what is written meanwhile becomes one batch.
class Gate {
public:
    // An operation that waits for open().
    Store::Operation operation();
    void open() { opened_.set_value(); }

private:
    std::promise<void> opened_;
    std::shared_future<void> future_ = opened_.get_future().share();
};

class StoreTest : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override;

    bool on_postgres() const { return GetParam() == "postgres"; }
    // Another Store on the same database; SQLite allows one at a time.
    base::Result<std::unique_ptr<Store>> open();

    // A driver on the same database, for tests below the Store; on SQLite close the store first.
    std::unique_ptr<sql::Driver> driver();

    template <class F>
    auto write(F function)
    {
        return test::run(loop, store->write(std::move(function)));
    }
    template <class F>
    auto read(F function)
    {
        return test::run(loop, store->read(std::move(function)));
    }
    void insert(const model::Endpoint& endpoint);

    boost::asio::io_context loop{1};
    test::TempDir folder;
    base::ManualClock clock{test_start};
    std::string url;
    std::unique_ptr<Store> store;
};

std::string engine_name(const testing::TestParamInfo<std::string>& info);

}  // namespace store

// Runs a suite of StoreTest on both engines.
#define ON_BOTH_ENGINES(suite) \
    INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::Values("sqlite", "postgres"), store::engine_name)
